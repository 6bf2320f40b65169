# tradeoff.gp -- one picture of error against time: a curve for each mechanism, a point for each setting of it.
#
# Expects, set by the lines before: data (a CSV file), curves (how many), label[1 .. curves], title_, and arrows
# for mechanisms without error, and the block $front (seconds, error). Columns of data: curve, seconds, error, setting.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel "time of a call, seconds (median)"
set ylabel "distance to softmax attention, relative Frobenius"
set logscale xy
set format x "10^{%L}"
set format y "10^{%L}"
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8

plot $front using 1:2 with steps lc rgb "#999999" lw 1.2 dt 2 title "least error for its time", \
     for [i = 1:curves] data every ::1 using ($1 == i ? $2 : NaN):3 with linespoints ls (i - 1) % 24 + 1 title label[i], \
     data every ::1 using 2:3:4 with labels noenhanced font ",9" offset 0.4, 0.6 left tc rgb "#555555" notitle
