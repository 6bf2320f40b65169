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
