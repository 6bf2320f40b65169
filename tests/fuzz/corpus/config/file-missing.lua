sweep { shape = { n = 64 }, input = { "file", path = "nothing.npy" }, variants = "full" }
