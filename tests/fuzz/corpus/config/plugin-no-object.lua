sweep { shape = { n = 64 }, plugins = "qkv.safetensors", variants = "flash" }
