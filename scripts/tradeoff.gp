# tradeoff.gp -- one picture of error against time: a curve for each mechanism, a point for each setting of it.
#
# Expects, set by the lines before: data (a CSV file), curves (how many), label[1 .. curves], title_, and arrows
# for mechanisms without error, and the block $front (seconds, error). Columns of data: curve, seconds, error, setting.

set datafile separator comma
set title title_ noenhanced font ",13"
set xlabel "time of a call, seconds (median)"
set ylabel "distance to softmax attention, relative Frobenius"
set logscale xy
set format x "10^{%L}"
set format y "10^{%L}"
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
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

plot $front using 1:2 with steps lc rgb "#999999" lw 1.2 dt 2 title "least error for its time", \
     for [i = 1:curves] data every ::1 using ($1 == i ? $2 : NaN):3 with linespoints ls (i - 1) % 24 + 1 title label[i], \
     data every ::1 using 2:3:4 with labels noenhanced font ",9" offset 0.4, 0.6 left tc rgb "#555555" notitle
