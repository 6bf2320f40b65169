# Draws error-none-gauss_s=1-b1h4d64-t2.svg and error-none-gauss_s=1-b1h4d64-t2.png: gnuplot error-none-gauss_s=1-b1h4d64-t2.gp, in this folder.
data = "error-none-gauss_s=1-b1h4d64-t2.csv"
marks = "error-none-gauss_s=1-b1h4d64-t2.marks.csv"
has_marks = 0
curves = 11
array label[11]
array style[11]
label[1] = "bilinear"
style[1] = 5
label[2] = "additive"
style[2] = 6
label[3] = "local,window=128"
style[3] = 7
label[4] = "longformer,window=64,globals=8"
style[4] = 8
label[5] = "blocksparse"
style[5] = 9
label[6] = "linformer,rank=128"
style[6] = 10
label[7] = "performer,features=128"
style[7] = 11
label[8] = "linear"
style[8] = 12
label[9] = "mean_v"
style[9] = 13
label[10] = "zero"
style[10] = 14
label[11] = "copy"
style[11] = 15
low = ", keyentry with linespoints ls 3 title 'full (below 1e-04)', keyentry with linespoints ls 4 title 'flash (below 1e-04)'"
title_ = "gauss,s=1, mask none, batch 1, 4 heads, head size 64, 2 threads"
xlabel_ = "sequence length n"
ylabel_ = "distance to softmax attention, relative Frobenius"
guides = 0
steep = 1
x0 = 256
y0 = 0.601796268
set logscale x 2
set yrange [0.300898134:205.715516]

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "error-none-gauss_s=1-b1h4d64-t2.svg"

# curves.gp -- one picture of curves over sequence length, or another axis.
#
# Expects, set by the lines before: data, marks (CSV files), has_marks (0 or 1), curves (how many),
# label[1 .. curves], style[1 .. curves], title_, xlabel_, ylabel_, logscale x, guides (draw slopes?), x0, y0
# (where they start), steep (1 or 2), low (legend entries of curves that lie below the picture).
# Columns of data: x, then value, low and high of each curve. Columns of marks: x, y, curve: points that were
# planned and did not run, at the top of the picture.

set datafile separator comma
set datafile missing ""
set title title_ noenhanced font ",13"
set xlabel xlabel_ noenhanced
set ylabel ylabel_ noenhanced
set logscale y
set format x "%g"
set format y "10^{%L}"
set xtics rotate by 0
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set border 3 lc rgb "#555555"
set tics nomirror
set key outside right top vertical Left reverse noenhanced samplen 3 spacing 1.25
set offsets graph 0.03, graph 0.03, graph 0.02, graph 0.08

# Colours of Okabe and Ito, twice; shapes and dashes differ throughout, so that grey print reads too.
array colour[12] = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", \
                    "#e69f00", "#7f7f7f", "#5d3a9b", "#a6761d", "#1b7837", "#b2182b"]
array shape[12] = [7, 5, 9, 13, 11, 15, 6, 4, 8, 12, 10, 14]
do for [i = 1:24] {
    again = (i - 1) / 12
    dash = (i - 1 + again) % 5 + 1 # dt takes no expression
    set style line i lc rgb colour[(i - 1) % 12 + 1] pt shape[(i - 1 + 5 * again) % 12 + 1] ps 0.9 lw 1.8 dt dash
}
style_of(i) = int(style[i] - 1) % 24 + 1
slope(x, e) = y0 * (x / x0) ** e

slopes = "for [e = 1:int(steep)] slope(x, e) with lines lc rgb '#888888' lw 1.2 dt 3 " . \
         "title (e == 1 ? 'slope n' : 'slope n^2')"
values = "for [i = 1:curves] data using 1:(column(3 * i - 1)):(column(3 * i)):(column(3 * i + 1)) " . \
         "with yerrorlines ls style_of(i) title label[i]"
gaps   = "for [i = 1:curves] marks using ($3 == i ? $1 : NaN):2 with points ls style_of(i) ps 1.4 notitle, " . \
         "marks using 1:2 with points pt 2 ps 1.8 lw 1.2 lc rgb '#b2182b' title 'did not run'"

# An empty data set would be a warning, so that only what there is is asked for.
what = values
if (guides) { what = slopes . ", " . what }
if (has_marks) { what = what . ", " . gaps }
eval "plot " . what . low

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "error-none-gauss_s=1-b1h4d64-t2.png"
replot
