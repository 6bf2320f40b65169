sweep { shape = { n = 8192, heads = 2 }, variants = { { 'blocksparse', block = 1, pattern = math.ult } } }
