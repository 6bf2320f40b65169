local t = {} sweep { shape = { n = 8, heads = function(n) sweep(t) return 1 end }, variants = "flash" }
