# Draws tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.svg and tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.png: gnuplot tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.gp, in this folder.

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

set arrow from 0.00422302258, graph 0 to 0.00422302258, graph 1 nohead lc rgb '#555555' dt 4
set label "full" at 0.00422302258, graph 0.98 right rotate by 90 offset -0.8, 0 noenhanced font ',10'
set arrow from 0.00174164171, graph 0 to 0.00174164171, graph 1 nohead lc rgb '#555555' dt 4
set label "flash" at 0.00174164171, graph 0.68 right rotate by 90 offset -0.8, 0 noenhanced font ',10'
data = "tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.csv"
curves = 19
array label[19]
array grey[19]
label[1] = "local,window=128"
grey[1] = 0
label[2] = "sink,window=126"
grey[2] = 0
label[3] = "sparse,pattern=strided"
grey[3] = 0
label[4] = "sparse,pattern=fixed"
grey[4] = 0
label[5] = "longformer,window=120,globals=16"
grey[5] = 0
label[6] = "blocksparse,pattern=bigbird,block=32,window_blocks=5"
grey[6] = 0
label[7] = "topk"
grey[7] = 0
label[8] = "lsh,chunk=64"
grey[8] = 0
label[9] = "performer,kernel=positive"
grey[9] = 0
label[10] = "performer,kernel=hyperbolic"
grey[10] = 0
label[11] = "performer,kernel=trigonometric"
grey[11] = 0
label[12] = "performer,kernel=relu"
grey[12] = 0
label[13] = "rfa,features=128"
grey[13] = 0
label[14] = "linear"
grey[14] = 0
label[15] = "cosformer"
grey[15] = 0
label[16] = "additive"
grey[16] = 0
label[17] = "bilinear"
grey[17] = 0
label[18] = "mean_v"
grey[18] = 1
label[19] = "zero"
grey[19] = 1
mean_v = 1.01046051
title_ = "file,data/bytes-lm.safetensors, mask causal, batch 1, 4 heads, head size 64, 2 threads, n 1024"
set xrange [7.91122395e-06:0.0281661752]
set yrange [0.00398332933:15.7269869]
$front << EOD
0.000646994528,0.0616363717
0.000882638428,0.061001205
0.00174164171,0.061001205
EOD
height_ = 560

set terminal svg size 960,560 dynamic font "sans,12" background "white"
set output "tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.svg"

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
set output "tradeoff-causal-file_data_bytes-lm.safetensors-b1h4d64-t2.png"
replot
