# heatmap.gp -- attention rows as heat maps: a line for each head, with softmax, the mechanism, the difference.
#
# Expects, set by the lines before: data (a CSV file of three blocks for each head), heads, head[], nq, nk, step_q, step_k
# (queries and keys of a cell), low and high (ends of the colours of weights), end (of the difference), labels (how many
# token[] there are), mechanism, title_.

unset key
unset grid
set datafile missing NaN
set label 100 title_ at screen 0.5, 1 - 18.0 / (90 + 330 * heads) center noenhanced font ",13"
pooled = step_q * step_k == 1 ? "white: no weight, or a negative one" : \
         sprintf("a cell: mean over %d queries of the weight on %d keys; white: none, or negative", step_q, step_k)
set label 101 pooled at screen 0.5, 1 - 38.0 / (90 + 330 * heads) center noenhanced font ",10" tc rgb "#555555"
set border 15 lc rgb "#555555"
set tics out nomirror font ",9"
set size ratio -1
set xrange [-0.5:nk - 0.5]
set yrange [nq - 0.5:-0.5]
set colorbox
set cbtics font ",9"
if (labels) {
    set xtics () rotate by 90 right noenhanced
    set ytics () noenhanced
    do for [i = 1:labels] {
        set xtics add (token[i] i - 1)
        set ytics add (token[i] i - 1)
    }
}
set multiplot
do for [h = 1:heads] {
    top = 1 - (60.0 + 330 * (h - 1)) / (90 + 330 * heads)
    bottom = top - 260.0 / (90 + 330 * heads)
    do for [c = 0:2] {
        set lmargin at screen 0.065 + 0.323 * c
        set rmargin at screen 0.285 + 0.323 * c
        set tmargin at screen top
        set bmargin at screen bottom
        set title (c == 0 ? sprintf("head %d: softmax", head[h]) : c == 1 ? mechanism : mechanism . " - softmax") \
            noenhanced font ",11" offset 0, -0.6
        set xlabel "key" font ",10" offset 0, 0.6
        set ylabel (c == 0 ? "query" : "") font ",10" offset 1.5, 0
        if (c < 2) {
            set palette defined (0 "#fde9d0", 0.3 "#f7a35c", 0.6 "#c4366f", 0.85 "#5b1a6e", 1 "#1a0b33")
            set logscale cb
            set format cb "10^{%L}"
            set cbrange [low:high]
        } else {
            set palette defined (-1 "#2166ac", -0.5 "#92c5de", 0 "#ffffff", 0.5 "#f4a582", 1 "#b2182b")
            unset logscale cb
            set format cb "%.1g"
            set cbrange [-end:end]
        }
        plot data matrix index 3 * (h - 1) + c \
             using ($1 * step_k + (step_k - 1) / 2.0):($2 * step_q + (step_q - 1) / 2.0):(c == 2 ? $3 : $3 > 0 ? $3 : NaN) \
             with image
        unset label 100
        unset label 101
    }
}
unset multiplot
