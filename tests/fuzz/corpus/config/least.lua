sweep { shape = { n = 64 }, variants = "flash" }
