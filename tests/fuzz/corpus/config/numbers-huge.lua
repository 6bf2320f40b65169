sweep { shape = { n = 1e300, heads = 2^53, dk = -1e300, batch = math.maxinteger }, seed = 2^53, variants = "flash" }
