sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = function(i, j)
  while true do i = i + 1 end end } } }
