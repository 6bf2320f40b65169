sweep { shape = { batch = 4096, heads = 4096, n = 1 << 18, dk = 4096 }, variants = "blocksparse" }
