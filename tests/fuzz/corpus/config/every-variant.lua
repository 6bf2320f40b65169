sweep { shape = { n = { 64, 100 }, heads = 2, dk = 16 }, mask = { "none", "causal" }, variants = { "full", "flash", "additive", "bilinear",
  "local", "sparse", "longformer", "blocksparse", "linformer", "performer", "linear", "mean_v", "zero", "copy", "null" } }
