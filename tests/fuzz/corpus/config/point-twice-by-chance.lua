sweep { shape = { n = 64 }, variants = { { "local", window = function(n) return 8 end }, { "local", window = 8 } } }
