sweep { shape = { n = 64 }, [1.5] = 1, [true] = 2, [sweep] = 3, [-1] = 4, [{}] = 5, [2^53] = 6, variants = "flash" }
