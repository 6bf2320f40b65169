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
