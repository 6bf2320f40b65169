-- How do time and memory grow with the length of the sequence, and where does each mechanism overtake
-- exact attention?
sweep {
  shape    = { heads = 8, dk = 64, n = pow2(9, 14) },
  mask     = { "none", "causal" },
  input    = { "gauss", s = 1 },
  variants = {
    "full", "flash", "bilinear", "additive",
    { "local", window = 256 },
    { "sparse", pattern = { "strided", "fixed" } },
    { "longformer", window = 256, globals = 16 },
    { "linformer", rank = 256 },
    { "performer", features = 256 },
    "linear",
    "mean_v", "zero", "copy", "null",
  },
  measure  = { replicates = 6, max_seconds = 1.5 },
}
