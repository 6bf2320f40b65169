sweep { shape = { n = 64 }, seed = math.random(1, 99), variants = "flash" }
