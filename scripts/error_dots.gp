# error_dots.gp -- one picture of errors at one place: a line for each mechanism, its name on the left.
#
# Expects, set by the lines before: data (a CSV file), dots (how many), title_, xlabel_, note_ (what the picture leaves
# out, or ""), mean_v (the error of the mean of V, 0 where not known), low, high (ends of the axis). Columns of data: place
# from below, error, its low and high, what the family could reach or nothing, label, whether it is a control, and how
# the error is written where it lies beyond the end, or nothing.

set title " "
set label 100 title_ at screen 0.5, 1 - 20.0 / height_ center noenhanced font title_font(title_)
set label 101 note_ at screen 0.02, 14.0 / height_ left noenhanced font ",9" tc rgb "#555555"
set bmargin (strlen(note_) ? 5.5 : 4)
set xlabel xlabel_
set logscale x
set format x "%g"
set xrange [low:high]
set yrange [0.4:dots + 0.6]
name_font = dots > 30 ? ",9" : ",11"
set ytics noenhanced font name_font
set grid xtics ytics back lt 1 lc rgb "#e0e0e0" lw 0.8
unset key
side = mean_v > 1 ? 1 : -1 # of the line of zeros
set label 102 "zeros" at 1, graph 1 offset -0.3 * side, 0.5 font ",9" tc rgb "#777777"
if (side > 0) { set label 102 right } else { set label 102 left }
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#777777" dt 3 lw 1.5 back
if (mean_v > 0) {
    set arrow from mean_v, graph 0 to mean_v, graph 1 nohead lc rgb "#777777" dt 2 lw 1.5 back
    set label 103 "mean of V" at mean_v, graph 1 offset 0.3 * side, 0.5 font ",9" tc rgb "#777777"
    if (side > 0) { set label 103 left } else { set label 103 right }
}

plot data every ::1 using ($7 == 1 ? NaN : $2):1:3:4:ytic(6) with xerrorbars lc rgb "#0072b2" pt 7 ps 0.9 lw 1.5, \
     data every ::1 using ($7 == 1 ? $2 : NaN):1:3:4 with xerrorbars lc rgb "#888888" pt 7 ps 0.9 lw 1.5, \
     data every ::1 using 5:1 with points lc rgb "#d55e00" pt 6 ps 1.2 lw 1.5, \
     data every ::1 using 2:1:8 with labels noenhanced font ",9" offset -1, 0 right tc rgb "#555555"
