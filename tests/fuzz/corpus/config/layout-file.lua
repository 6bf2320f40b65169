sweep { shape = { n = 64 }, variants = { { "blocksparse", tensors = { layout = "qkv.safetensors:q" } }, { "linformer", tensors = { e = "nothing.npy" } } } }
