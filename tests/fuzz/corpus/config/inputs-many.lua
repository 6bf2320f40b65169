local s = range(1, 99)
sweep { shape = { n = 64 }, input = { "local", scale = s, gain = s, s = s }, variants = "flash" }
