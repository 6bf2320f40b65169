# Draws tradeoff-none-gauss_s=1-b1h8d64-t2.svg and tradeoff-none-gauss_s=1-b1h8d64-t2.png: gnuplot tradeoff-none-gauss_s=1-b1h8d64-t2.gp, in this folder.

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

set arrow from 2.84380072, graph 0 to 2.84380072, graph 1 nohead lc rgb '#555555' dt 4
set label "full" at 2.84380072, graph 0.98 right rotate by 90 offset -0.8, 0 noenhanced font ',10'
set arrow from 1.73495084, graph 0 to 1.73495084, graph 1 nohead lc rgb '#555555' dt 4
set label "flash" at 1.73495084, graph 0.68 right rotate by 90 offset -0.8, 0 noenhanced font ',10'
data = "tradeoff-none-gauss_s=1-b1h8d64-t2.csv"
curves = 20
array label[20]
array grey[20]
label[1] = "persistent"
grey[1] = 0
label[2] = "additive"
grey[2] = 0
label[3] = "bilinear"
grey[3] = 0
label[4] = "sigmoid"
grey[4] = 0
label[5] = "shaw"
grey[5] = 0
label[6] = "local"
grey[6] = 0
label[7] = "sink"
grey[7] = 0
label[8] = "longformer"
grey[8] = 0
label[9] = "bigbird"
grey[9] = 0
label[10] = "blocksparse"
grey[10] = 0
label[11] = "topk"
grey[11] = 0
label[12] = "lsh"
grey[12] = 0
label[13] = "linformer"
grey[13] = 0
label[14] = "nystrom"
grey[14] = 0
label[15] = "performer"
grey[15] = 0
label[16] = "rfa"
grey[16] = 0
label[17] = "linear"
grey[17] = 0
label[18] = "cosformer"
grey[18] = 0
label[19] = "mean_v"
grey[19] = 1
label[20] = "zero"
grey[20] = 1
mean_v = 0.794650377
title_ = "gauss,s=1, mask none, batch 1, 8 heads, head size 64, 2 threads, n 16384"
set xrange [0.000229658717:6.2982495]
set yrange [0.144609186:16]
$front << EOD
0.00975558613,0.773411423
0.0174715508,0.738532687
1.73495084,0.738532687
EOD
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "tradeoff-none-gauss_s=1-b1h8d64-t2.svg"

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

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "tradeoff-none-gauss_s=1-b1h8d64-t2.png"
replot
