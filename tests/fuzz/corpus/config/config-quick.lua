-- A first look, in about a minute: from which length on is an efficient mechanism faster than exact
-- attention, what memory does it save, and how far is it from softmax, on random and on captured tensors?
--
-- The captured tensors are four heads of a small language model (capture_qkv.py of the sources), 1024 tokens.
-- linformer has no causal form and sparse no other: those rows say `unsupported`, and why.
sweep {
  shape    = { heads = 4, dk = 64, n = pow2(8, 11) },
  mask     = { "causal", "none" },
  input    = { { "gauss", s = 1 }, { "file", path = "qkv.safetensors" } },
  variants = {
    "full", "flash", "bilinear", "additive",
    { "local", window = 128 },
    { "sparse", pattern = { "strided", "fixed" } },
    { "longformer", window = 64, globals = 8 },
    "blocksparse",
    { "linformer", rank = 128 },
    { "performer", features = 128 },
    "linear",
    "mean_v", "zero", "copy", "null",
  },
  measure  = { replicates = 6, max_seconds = 0.25 },
}
