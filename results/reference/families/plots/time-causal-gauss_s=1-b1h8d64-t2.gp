# Draws time-causal-gauss_s=1-b1h8d64-t2.svg and time-causal-gauss_s=1-b1h8d64-t2.png: gnuplot time-causal-gauss_s=1-b1h8d64-t2.gp, in this folder.

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

data = "time-causal-gauss_s=1-b1h8d64-t2.csv"
marks = "time-causal-gauss_s=1-b1h8d64-t2.marks.csv"
has_marks = 0
oracle = "time-causal-gauss_s=1-b1h8d64-t2.oracle.csv"
oracles = ""
curves = 29
array label[29]
array style[29]
array grey[29]
label[1] = "full"
style[1] = 4
grey[1] = 0
label[2] = "flash"
style[2] = 5
grey[2] = 0
label[3] = "persistent"
style[3] = 6
grey[3] = 0
label[4] = "memory"
style[4] = 7
grey[4] = 0
label[5] = "additive"
style[5] = 8
grey[5] = 0
label[6] = "bilinear"
style[6] = 9
grey[6] = 0
label[7] = "sigmoid"
style[7] = 10
grey[7] = 0
label[8] = "shaw"
style[8] = 11
grey[8] = 0
label[9] = "local"
style[9] = 12
grey[9] = 0
label[10] = "sink"
style[10] = 13
grey[10] = 0
label[11] = "sparse,pattern=strided"
style[11] = 14
grey[11] = 0
label[12] = "sparse,pattern=fixed"
style[12] = 15
grey[12] = 0
label[13] = "longformer"
style[13] = 16
grey[13] = 0
label[14] = "blocksparse"
style[14] = 17
grey[14] = 0
label[15] = "topk"
style[15] = 18
grey[15] = 0
label[16] = "lsh"
style[16] = 19
grey[16] = 0
label[17] = "performer"
style[17] = 20
grey[17] = 0
label[18] = "rfa"
style[18] = 21
grey[18] = 0
label[19] = "linear"
style[19] = 22
grey[19] = 0
label[20] = "cosformer"
style[20] = 23
grey[20] = 0
label[21] = "retnet"
style[21] = 24
grey[21] = 0
label[22] = "gla"
style[22] = 25
grey[22] = 0
label[23] = "ssd"
style[23] = 26
grey[23] = 0
label[24] = "deltanet"
style[24] = 27
grey[24] = 0
label[25] = "hyena"
style[25] = 28
grey[25] = 0
label[26] = "conv"
style[26] = 29
grey[26] = 0
label[27] = "rnn"
style[27] = 30
grey[27] = 0
label[28] = "mean_v"
style[28] = 31
grey[28] = 1
label[29] = "zero"
style[29] = 32
grey[29] = 1
$controls << EOD
512,1,0.210225598
1024,1,0.159002976
2048,1,0.110565413
3072,1,0.0972871043
4096,1,0.0791093407
6144,1,0.0647165095
8192,1,0.0541435812
12288,1,0.0473206531
16384,1,0.0403621483
EOD
has_zero = 0
has_mean_v = 0
entries = ""
title_ = "gauss,s=1, mask causal, batch 1, 8 heads, head size 64, 2 threads"
xlabel_ = "sequence length n"
ylabel_ = "time of a call, seconds (median, range of process medians)"
guides = 1
steep = 2
x0 = 512
y0 = 1.15240409e-05
set logscale x 2
set yrange [5.76202043e-06:9.62586015]
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "time-causal-gauss_s=1-b1h8d64-t2.svg"

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
set output "time-causal-gauss_s=1-b1h8d64-t2.png"
replot
