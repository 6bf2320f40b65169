sweep { shape = { n = 64 }, input = { "file", path = "qkv.safetensors" }, variants = { "full", "flash" } }
