sweep { shape = { n = 64 }, input = { "file", q = "q.npy", k = "k.npy", v = "v.npy" }, variants = "full" }
