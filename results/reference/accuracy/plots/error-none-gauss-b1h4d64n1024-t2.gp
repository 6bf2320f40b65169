# Draws error-none-gauss-b1h4d64n1024-t2.svg and error-none-gauss-b1h4d64n1024-t2.png: gnuplot error-none-gauss-b1h4d64n1024-t2.gp, in this folder.

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

data = "error-none-gauss-b1h4d64n1024-t2.csv"
marks = "error-none-gauss-b1h4d64n1024-t2.marks.csv"
has_marks = 0
oracle = "error-none-gauss-b1h4d64n1024-t2.oracle.csv"
oracles = "1 2 3 4 5 6 7 10 11 12 13 14 15 16 17 18 19 "
curves = 23
array label[23]
array style[23]
array grey[23]
label[1] = "local,window=128"
style[1] = 5
grey[1] = 0
label[2] = "sink,window=126"
style[2] = 6
grey[2] = 0
label[3] = "longformer,window=120,globals=16"
style[3] = 7
grey[3] = 0
label[4] = "bigbird,block=32"
style[4] = 8
grey[4] = 0
label[5] = "blocksparse,pattern=bigbird,block=32,window_blocks=5"
style[5] = 9
grey[5] = 0
label[6] = "topk,k=32"
style[6] = 10
grey[6] = 0
label[7] = "topk,k=256"
style[7] = 11
grey[7] = 0
label[8] = "lsh,rounds=2,chunk=64"
style[8] = 12
grey[8] = 0
label[9] = "lsh,rounds=8,chunk=64"
style[9] = 13
grey[9] = 0
label[10] = "linformer,projection=gaussian"
style[10] = 14
grey[10] = 0
label[11] = "linformer,projection=mean_pool"
style[11] = 15
grey[11] = 0
label[12] = "nystrom"
style[12] = 16
grey[12] = 0
label[13] = "performer,kernel=positive"
style[13] = 17
grey[13] = 0
label[14] = "performer,kernel=hyperbolic"
style[14] = 18
grey[14] = 0
label[15] = "performer,kernel=trigonometric (up to 430)"
style[15] = 19
grey[15] = 0
label[16] = "performer,kernel=relu"
style[16] = 20
grey[16] = 0
label[17] = "rfa,features=128"
style[17] = 21
grey[17] = 0
label[18] = "linear"
style[18] = 22
grey[18] = 0
label[19] = "cosformer"
style[19] = 23
grey[19] = 0
label[20] = "additive"
style[20] = 24
grey[20] = 0
label[21] = "bilinear"
style[21] = 25
grey[21] = 0
label[22] = "mean_v"
style[22] = 26
grey[22] = 1
label[23] = "zero"
style[23] = 27
grey[23] = 1
$controls << EOD
0.25,1,0.269748888
0.5,1,0.505790842
1,1,0.819165185
2,1,0.984314365
4,1,0.998284511
EOD
has_zero = 0
has_mean_v = 0
entries = ", keyentry with linespoints ls 3 title 'full (below 1e-04)', keyentry with linespoints ls 4 title 'flash (below 1e-04)'"
title_ = "gauss, mask none, n 1024, batch 1, 4 heads, head size 64, 2 threads"
xlabel_ = "standard deviation of the logits at scale 1 / sqrt(dk)"
ylabel_ = "distance to softmax attention, relative Frobenius"
guides = 0
steep = 1
x0 = 0.25
y0 = 0.00225461713
set logscale x
set yrange [0.00112730856:30]
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "error-none-gauss-b1h4d64n1024-t2.svg"

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
set output "error-none-gauss-b1h4d64n1024-t2.png"
replot
