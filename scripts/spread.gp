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
