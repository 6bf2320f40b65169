sweep { shape = { n = 64 }, plugins = { "nothing.so", "" }, variants = "mine" }
