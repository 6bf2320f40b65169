sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = function(i, j) return i - j end } } }
