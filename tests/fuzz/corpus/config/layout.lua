sweep { shape = { n = { 64, 65 } }, variants = { { "blocksparse", block = { 8, 16 }, tensors = { layout = function(i, j) return (i + j) % 2 == 0 end } } } }
