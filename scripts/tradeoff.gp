# tradeoff.gp -- one picture of error against time: a curve for each mechanism, a point for each setting of it.
#
# Expects, set by the lines before: data (a CSV file), curves (how many), label[1 .. curves], grey[1 .. curves] (of a
# control), title_, mean_v (the error of the mean of V, 0 where not known), arrows for mechanisms without error, and the
# block $front (seconds, error). Columns of data: curve, seconds, error, its low and high, setting.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel "time of a call, seconds (median)"
set ylabel "distance to softmax attention, relative Frobenius"
set logscale xy
set format x "10^{%L}"
set format y "10^{%L}"
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8

colour_of(i) = colour[(i - 1) % 12 + 1]
what = "for [i = 1:curves] data every ::1 using ($1 == i ? $2 : NaN):3:4:5 with yerrorlines ls (i - 1) % 24 + 1 " . \
       "lc rgb (grey[i] ? '#999999' : colour_of(i)) title label[i], " . \
       "data every ::1 using 2:3:6 with labels noenhanced font ',9' offset 0.6, 0.5 left tc rgb '#555555' notitle, " . \
       "1 with lines dt 3 lw 1.2 lc rgb '#999999' title 'an output of zeros'"
if (mean_v > 0) { what = what . ", mean_v with lines dt 2 lw 1.2 lc rgb '#bbbbbb' title 'mean of V'" }
if (|$front| > 0) { what = "$front using 1:2 with steps lc rgb '#999999' lw 1.2 dt 2 title 'least error for its time', " . what }
eval "plot " . what
