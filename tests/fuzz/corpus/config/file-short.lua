sweep { shape = { n = { 2, 4, 8 } }, input = { { "file", path = "qkv.safetensors", q = "k", k = "q", v = "v" } }, variants = "full" }
