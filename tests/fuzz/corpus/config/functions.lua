sweep { shape = { n = { 64, 128 }, heads = function(n) return n / 32 end, dk = function(n) return 8 end }, causal_shift = function(n) return -n end,
 variants = { { "local", window = { function(n) return n // 8 end, function(n) return 3 end, 5 } } } }
