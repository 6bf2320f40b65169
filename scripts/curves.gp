# curves.gp -- one picture of curves over sequence length, or another axis.
#
# Expects, set by the lines before: data, marks (CSV files), has_marks (0 or 1), curves (how many),
# label[1 .. curves], style[1 .. curves], grey[1 .. curves] (of a control), title_, xlabel_, ylabel_, logscale x, guides (draw slopes?), x0, y0
# (where they start), steep (1 or 2), entries (of the legend, for curves that are not drawn: below the picture, or
# without a point).
# Also: $controls (x, what zeros and the mean of V err), has_zero, has_mean_v (to be drawn: they did not run), oracle (a CSV file: x, then a column for each curve), oracles (the numbers of those that have one).
# Columns of data: x, then value, low and high of each curve. Columns of marks: x, y, curve: points that were
# planned and did not run, at the top of the picture.

set title " "
set label 100 title_ at screen 0.5, 0.965 center noenhanced font title_font(title_) # over the legend, too
set xlabel xlabel_ noenhanced
set ylabel ylabel_ noenhanced
set logscale y
set format x "%g"
set format y "10^{%L}"
set xtics rotate by 0
set grid xtics ytics back lt 1 lc rgb "#d8d8d8" lw 0.8
set offsets graph 0.03, graph 0.03, graph 0.02, graph 0.08
if (curves > 20) { set key font ",9" spacing 0.95 }

style_of(i) = int(style[i] - 1) % 24 + 1
colour_of(i) = colour[int(style[i] - 1) % 12 + 1]
slope(x, e) = y0 * (x / x0) ** e

slopes = "for [e = 1:int(steep)] slope(x, e) with lines lc rgb '#888888' lw 1.2 dt 3 " . \
         "title (e == 1 ? 'slope n' : 'slope n^2')"
values = "for [i = 1:curves] data using 1:(column(3 * i - 1)):(column(3 * i)):(column(3 * i + 1)) " . \
         "with yerrorlines ls style_of(i) lc rgb (grey[i] ? '#999999' : colour_of(i)) title label[i]"
gaps   = "for [i = 1:curves] marks using ($3 == i ? $1 : NaN):2 with points ls style_of(i) ps 1.4 notitle, " . \
         "marks using 1:2 with points pt 2 ps 1.8 lw 1.2 lc rgb '#b2182b' title 'did not run'"
dotted = "for [i in oracles] oracle using 1:(column(i + 1)) with lines ls style_of(i + 0) lw 1.2 dt 3 notitle, " . \
         "keyentry with lines lw 1.2 dt 3 lc rgb '#555555' title 'dots: best of as many keys, or of its rank'"

# An empty data set would be a warning, so that only what there is is asked for.
what = values
if (guides) { what = slopes . ", " . what }
if (has_zero) { what = what . ", $controls using 1:2 with lines lc rgb '#999999' lw 1.5 dt 3 title 'zeros'" }
if (has_mean_v) { what = what . ", $controls using 1:3 with lines lc rgb '#999999' lw 1.5 dt 2 title 'mean of V'" }
if (has_marks) { what = what . ", " . gaps }
if (strlen(oracles)) { what = what . ", " . dotted }
eval "plot " . what . entries
