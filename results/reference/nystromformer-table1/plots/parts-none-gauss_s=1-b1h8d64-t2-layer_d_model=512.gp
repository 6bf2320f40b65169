# Draws parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.svg and parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.png: gnuplot parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.gp, in this folder.

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

data = "parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.csv"
marks = "parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.marks.csv"
has_marks = 1
curves = "1 2 3 4 5 "
rest = "projections, in and out"
array label[5]
label[1] = "full"
label[2] = "linformer"
label[3] = "longformer,window=128,globals=0"
label[4] = "nystrom,landmarks=64"
label[5] = "nystrom,landmarks=32"
title_ = "gauss,s=1, mask none, batch 1, 8 heads, head size 64, 2 threads, layer,d_model=512"
xlabel_ = "sequence length n"
set logscale x 2
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.svg"

# parts.gp -- one picture of a layer's parts: time of the operators beside that of the projections.
#
# Expects, set by the lines before: data, marks (CSV files), has_marks (0 or 1), curves (the numbers of those that are
# drawn), label[1 ..], rest (what the other parts are called), title_, xlabel_, logscale x. Columns of data: x, then median,
# low and high of the other parts and of each operator. Columns of marks: x, seconds, x as it is shown: where an operator takes as long as the other parts.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel xlabel_ noenhanced
set ylabel "time of a part, seconds (median, range of process medians)"
set logscale y
set format x "%g"
set format y "10^{%L}"
set xtics rotate by 0
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set offsets graph 0.03, graph 0.03, graph 0.02, graph 0.08

what = "data every ::1 using 1:3:4 with filledcurves fc rgb '#dddddd' fs solid 0.6 notitle, " . \
       "data every ::1 using 1:2 with lines lc rgb '#555555' lw 3 dt 2 title rest"
operators = "for [i in curves] data every ::1 using 1:(column(3 * i + 2)):(column(3 * i + 3)):(column(3 * i + 4)) " . \
            "with yerrorlines ls (i - 1) % 24 + 1 title label[int(i)]"
crossings = "marks every ::1 using 1:2 with points pt 6 ps 2.4 lw 2 lc rgb '#b2182b' title 'half of the layer', " . \
            "marks every ::1 using 1:2:3 with labels offset 0, 1.4 font ',10' tc rgb '#b2182b' notitle"
if (strlen(curves)) { what = what . ", " . operators }
if (has_marks) { what = what . ", " . crossings }
eval "plot " . what

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "parts-none-gauss_s=1-b1h8d64-t2-layer_d_model=512.png"
replot
