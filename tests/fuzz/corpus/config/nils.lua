sweep { shape = { n = 64 }, variants = { nil, "flash", nil, "full" } }
