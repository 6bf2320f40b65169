# settings.gp -- one picture of error over the parameter that buys accuracy: a curve for each mechanism.
#
# Expects, set by the lines before: data (a CSV file), curves (how many), label[1 .. curves], oracles (the numbers
# of those with an oracle), title_. Columns of data: curve, value of the parameter, error, its low and
# high, error of the best of the same budget.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel "the parameter that varies: rank, features, window"
set ylabel "distance to softmax attention, relative Frobenius"
set logscale x 2
set logscale y
set format x "%g"
set format y "10^{%L}"
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05

what = "for [i = 1:curves] data every ::1 using ($1 == i ? $2 : NaN):3:4:5 with yerrorlines ls (i - 1) % 24 + 1 title label[i]"
if (strlen(oracles)) {
    what = what . ", for [i in oracles] data every ::1 using ($1 == i ? $2 : NaN):6 with lines ls (i - 1) % 24 + 1 " . \
           "lw 1.2 dt 3 notitle, keyentry with lines lw 1.2 dt 3 lc rgb '#555555' title 'dots: best of the same budget'"
}
what = what . ", 1 with lines dt 3 lc rgb '#aaaaaa' title 'an output of zeros'"
eval "plot " . what
