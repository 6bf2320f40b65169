sweep { shape = { n = 64 }, seed = function(n) while true do end end, threads = function(n) while true do end end, variants = "flash" }
