sweep { shape = { n = 64 }, threads = pcall, seed = string.rep, variants = "flash" }
