sweep { shape = "x", mask = 3, input = 4, threads = {}, seed = "x", isa = { {} }, variants = { 1, {}, { {} }, true }, measure = 9, scale = "a", softcap = { b = 1 }, plugins = { 1, {} } }
