sweep { shape = { n = 64 }, input = { "file", path = "" }, variants = "full" }
