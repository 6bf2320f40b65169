sweep { shape = { n = 64 }, softcap = function(n) return 1 end, variants = { { "local", window = function(n) local x = 1/0 return x end } } }
