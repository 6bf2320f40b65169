sweep { shape = { n = range(1, 400), heads = range(1, 400) }, variants = "flash" }
