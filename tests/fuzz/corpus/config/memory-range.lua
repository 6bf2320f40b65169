sweep { shape = { n = range(1e300, 1e300) }, variants = "flash" }
