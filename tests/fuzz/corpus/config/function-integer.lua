sweep { shape = { n = 64 }, softcap = function(n) return 1 end, variants = { { "local", window = function(n) local x = math.mininteger return x end } } }
