# Draws spread-causal-gauss_s=1-b1h8d64-t2.svg and spread-causal-gauss_s=1-b1h8d64-t2.png: gnuplot spread-causal-gauss_s=1-b1h8d64-t2.gp, in this folder.

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

data = "spread-causal-gauss_s=1-b1h8d64-t2.csv"
boxes = 24
title_ = "gauss,s=1, mask causal, batch 1, 8 heads, head size 64, 2 threads, n 16384"
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "spread-causal-gauss_s=1-b1h8d64-t2.svg"

# spread.gp -- one picture of how errors are spread over the rows: a lying box for each mechanism, its name on the left.
#
# Expects, set by the lines before: data (a CSV file), boxes (how many), title_. Columns of data: place from below, the
# quantiles 0.05, 0.25, 0.5, 0.75 and 0.95 of the errors of the rows, label.

set title " "
set label 100 title_ at screen 0.5, 1 - 20.0 / height_ center noenhanced font title_font(title_) # over the legend, too
set xlabel "error of a query row, relative to its length" offset 0, 0.4
set logscale x
set format x "10^{%L}"
set grid xtics back lt 1 lc rgb "#d8d8d8" lw 0.8
name_font = boxes > 30 ? ",9" : ",11"
set ytics noenhanced font name_font
set yrange [0.4:boxes + 0.6]
set key outside bottom center horizontal font ",11"
set style fill solid 0.35 border lc rgb "#0072b2"
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#999999" dt 3 lw 1.5 back

plot data every ::1 using 4:1:2:6:ytic(7) with xerrorbars lc rgb "#0072b2" pt 0 notitle, \
     data every ::1 using 4:1:3:5:($1 - 0.27):($1 + 0.27) with boxxyerror lc rgb "#0072b2" \
         title "box: 25 to 75 % of the rows, whiskers: 5 to 95 %, line: median", \
     data every ::1 using 4:($1 - 0.27):(0):(0.54) with vectors nohead lc rgb "#0072b2" lw 2 notitle, \
     keyentry with lines dt 3 lw 1.5 lc rgb "#999999" title "an output of zeros"

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "spread-causal-gauss_s=1-b1h8d64-t2.png"
replot
