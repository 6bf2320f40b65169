# Draws spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.svg and spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.png: gnuplot spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.gp, in this folder.

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

data = "spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.csv"
boxes = 6
title_ = "local,scale=64,gain=6,s=1, mask none, batch 1, 12 heads, head size 64, 2 threads, layer,d_model=768, n 8192"

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.svg"

# spread.gp -- one picture of how errors are spread over the rows: a box for each mechanism.
#
# Expects, set by the lines before: data (a CSV file), boxes (how many), title_. Columns of data: place, the quantiles
# 0.05, 0.25, 0.5, 0.75 and 0.95 of the errors of the rows, label.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set ylabel "error of a query row, relative to its length"
set logscale y
set format y "10^{%L}"
set grid ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set xtics rotate by 30 right noenhanced
set xrange [0.4:boxes + 0.6]
set bmargin 7
set key outside bottom center horizontal
set boxwidth 0.45
set style fill solid 0.35 border lc rgb "#0072b2"

plot data every ::1 using 1:3:2:6:5:xtic(7) with candlesticks lc rgb "#0072b2" \
         title "box: 25 to 75 % of the rows, whiskers: 5 to 95 %, line: median" whiskerbars 0.6, \
     data every ::1 using 1:4:4:4:4 with candlesticks lc rgb "#0072b2" lw 2 notitle, \
     1 with lines dt 3 lc rgb "#555555" title "an output of zeros"

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "spread-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.png"
replot
