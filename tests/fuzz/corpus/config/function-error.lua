sweep { shape = { n = 64 }, variants = { { "local", window = function(n) error("no") end } } }
