local x <const> = 3 local y <close> = nil goto z do local a end ::z:: sweep { shape = { n = x }, variants = "copy" }
