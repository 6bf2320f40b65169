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
