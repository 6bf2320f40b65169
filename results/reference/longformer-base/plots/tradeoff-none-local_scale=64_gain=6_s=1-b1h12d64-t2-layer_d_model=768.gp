# Draws tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.svg and tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.png: gnuplot tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.gp, in this folder.

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

set arrow from 1.2548383, graph 0 to 1.2548383, graph 1 nohead lc rgb '#555555' dt 4
set label "flash" at 1.2548383, graph 0.98 right rotate by 90 offset -0.8, 0 noenhanced font ',10'
data = "tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.csv"
curves = 6
array label[6]
label[1] = "longformer"
label[2] = "bigbird,block=64"
label[3] = "nystrom"
label[4] = "performer"
label[5] = "linear"
label[6] = "mean_v"
title_ = "local,scale=64,gain=6,s=1, mask none, batch 1, 12 heads, head size 64, 2 threads, layer,d_model=768, n 8192"
set xrange [0.115116499:2.00774128]
set yrange [0.155844708:1.20609485]
$front << EOD
0.199429629,0.74579863
0.213526571,0.661748385
0.271094183,0.270602977
0.285726829,0.249351532
1.2548383,0.249351532
EOD

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.svg"

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

set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3
set output "tradeoff-none-local_scale=64_gain=6_s=1-b1h12d64-t2-layer_d_model=768.png"
replot
