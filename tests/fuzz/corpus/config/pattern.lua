sweep { shape = { n = 64 }, variants = { { "blocksparse", block = 16, pattern = function(i, j, nb, h) return i == j or j == h end } } }
