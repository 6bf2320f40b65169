sweep { shape = { n = range(1, 9, 4) }, softcap = range(0, 1, 0.25), variants = "flash" }
