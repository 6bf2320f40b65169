sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = math.ult }, { "blocksparse", pattern = print } } }
