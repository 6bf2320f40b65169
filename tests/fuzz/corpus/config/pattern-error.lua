sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = function(i) return i.x end } } }
