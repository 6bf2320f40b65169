# Draws error-none-gauss_s=1-b1h8d64-t2.svg and error-none-gauss_s=1-b1h8d64-t2.png: gnuplot error-none-gauss_s=1-b1h8d64-t2.gp, in this folder.

# The look of all pictures: 24 line styles, and axes that stay in the background.
set datafile separator comma
set datafile missing ""
set border 3 lc rgb "#555555"
set tics nomirror
set key outside right top vertical Left reverse noenhanced samplen 3 spacing 1.25

# Colours of Okabe and Ito, twice; shapes and dashes differ throughout, so that grey print reads too.
array colour[12] = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", \
                    "#e69f00", "#7f7f7f", "#5d3a9b", "#a6761d", "#1b7837", "#b2182b"]
array shape[12] = [7, 5, 9, 13, 11, 15, 6, 4, 8, 12, 10, 14]
do for [i = 1:24] {
    again = (i - 1) / 12
    dash = (i - 1 + again) % 5 + 1 # dt takes no expression
    set style line i lc rgb colour[(i - 1) % 12 + 1] pt shape[(i - 1 + 5 * again) % 12 + 1] ps 0.9 lw 1.8 dt dash
}

# Of a title as long as the picture is wide the letters are smaller.
title_font(text) = strlen(text) > 130 ? ",9" : strlen(text) > 105 ? ",11" : ",13"

data = "error-none-gauss_s=1-b1h8d64-t2.csv"
marks = "error-none-gauss_s=1-b1h8d64-t2.marks.csv"
has_marks = 0
oracle = "error-none-gauss_s=1-b1h8d64-t2.oracle.csv"
oracles = "6 7 8 9 10 11 13 14 15 16 17 18 "
curves = 20
array label[20]
array style[20]
array grey[20]
label[1] = "persistent"
style[1] = 12
grey[1] = 0
label[2] = "additive"
style[2] = 13
grey[2] = 0
label[3] = "bilinear"
style[3] = 14
grey[3] = 0
label[4] = "sigmoid"
style[4] = 15
grey[4] = 0
label[5] = "shaw"
style[5] = 16
grey[5] = 0
label[6] = "local"
style[6] = 17
grey[6] = 0
label[7] = "sink"
style[7] = 18
grey[7] = 0
label[8] = "longformer"
style[8] = 19
grey[8] = 0
label[9] = "bigbird"
style[9] = 20
grey[9] = 0
label[10] = "blocksparse"
style[10] = 21
grey[10] = 0
label[11] = "topk"
style[11] = 22
grey[11] = 0
label[12] = "lsh"
style[12] = 23
grey[12] = 0
label[13] = "linformer (up to 485)"
style[13] = 24
grey[13] = 0
label[14] = "nystrom"
style[14] = 25
grey[14] = 0
label[15] = "performer"
style[15] = 26
grey[15] = 0
label[16] = "rfa"
style[16] = 27
grey[16] = 0
label[17] = "linear"
style[17] = 28
grey[17] = 0
label[18] = "cosformer"
style[18] = 29
grey[18] = 0
label[19] = "mean_v"
style[19] = 31
grey[19] = 1
label[20] = "zero"
style[20] = 32
grey[20] = 1
$controls << EOD
512,1,0.780104114
1024,1,0.817846049
2048,1,0.803044845
3072,1,0.804319557
4096,1,0.813753937
6144,1,0.801400948
8192,1,0.815109398
12288,1,0.786661837
16384,1,0.794650377
EOD
has_zero = 0
has_mean_v = 0
entries = ", keyentry with linespoints ls 10 title 'full (below 1e-04)', keyentry with linespoints ls 11 title 'flash (below 1e-04)'"
title_ = "gauss,s=1, mask none, batch 1, 8 heads, head size 64, 2 threads"
xlabel_ = "sequence length n"
ylabel_ = "distance to softmax attention, relative Frobenius"
guides = 0
steep = 1
x0 = 512
y0 = 0.0174846038
set logscale x 2
set yrange [0.0087423019:30]
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "error-none-gauss_s=1-b1h8d64-t2.svg"

# curves.gp -- one picture of curves over sequence length, or another axis.
#
# Expects, set by the lines before: data, marks (CSV files), has_marks (0 or 1), curves (how many),
# label[1 .. curves], style[1 .. curves], grey[1 .. curves] (of a control), title_, xlabel_, ylabel_, logscale x, guides (draw slopes?), x0, y0
# (where they start), steep (1 or 2), entries (of the legend, for curves that are not drawn: below the picture, or
# without a point).
# Also: $controls (x, what zeros and the mean of V err), has_zero, has_mean_v (to be drawn: they did not run), oracle (a CSV file: x, then a column for each curve), oracles (the numbers of those that have one).
# Columns of data: x, then value, low and high of each curve. Columns of marks: x, y, curve: points that were
# planned and did not run, at the top of the picture.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel xlabel_ noenhanced
set ylabel ylabel_ noenhanced
set logscale y
set format x "%g"
set format y "10^{%L}"
set xtics rotate by 0
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set offsets graph 0.03, graph 0.03, graph 0.02, graph 0.08
if (curves > 20) { set key font ",9" spacing 0.95 }

style_of(i) = int(style[i] - 1) % 24 + 1
colour_of(i) = colour[int(style[i] - 1) % 12 + 1]
slope(x, e) = y0 * (x / x0) ** e

slopes = "for [e = 1:int(steep)] slope(x, e) with lines lc rgb '#888888' lw 1.2 dt 3 " . \
         "title (e == 1 ? 'slope n' : 'slope n^2')"
values = "for [i = 1:curves] data using 1:(column(3 * i - 1)):(column(3 * i)):(column(3 * i + 1)) " . \
         "with yerrorlines ls style_of(i) lc rgb (grey[i] ? '#999999' : colour_of(i)) title label[i]"
gaps   = "for [i = 1:curves] marks using ($3 == i ? $1 : NaN):2 with points ls style_of(i) ps 1.4 notitle, " . \
         "marks using 1:2 with points pt 2 ps 1.8 lw 1.2 lc rgb '#b2182b' title 'did not run'"
dotted = "for [i in oracles] oracle using 1:(column(i + 1)) with lines ls style_of(i + 0) lw 1.2 dt 3 notitle, " . \
         "keyentry with lines lw 1.2 dt 3 lc rgb '#555555' title 'dots: best of as many keys, or of its rank'"

# An empty data set would be a warning, so that only what there is is asked for.
what = values
if (guides) { what = slopes . ", " . what }
if (has_zero) { what = what . ", $controls using 1:2 with lines lc rgb '#999999' lw 1.5 dt 3 title 'zeros'" }
if (has_mean_v) { what = what . ", $controls using 1:3 with lines lc rgb '#999999' lw 1.5 dt 2 title 'mean of V'" }
if (has_marks) { what = what . ", " . gaps }
if (strlen(oracles)) { what = what . ", " . dotted }
eval "plot " . what . entries

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "error-none-gauss_s=1-b1h8d64-t2.png"
replot
