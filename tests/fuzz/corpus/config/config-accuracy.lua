-- How far is each mechanism from softmax attention, and on which kind of input? s is the deviation of the
-- logits: near 0 every key weighs the same, models reach 1.5 to 4. `local` rewards windows, `needle` rewards
-- whoever sees every key, and the captured tensors are four heads of a small language model.
--
-- Nothing is timed. Read skill before error: 0 is no better than the mean of the visible values.
sweep {
  shape    = { heads = 4, dk = 64, n = 1024 },
  mask     = { "none", "causal" },
  input    = {
    { "gauss", s = { 0.1, 0.25, 0.5, 1, 2, 4 } },
    { "local", scale = 64 },
    { "needle", p = { 0.5, 0.9 } },
    { "file", path = "qkv.safetensors" },
  },
  variants = {
    "full", "flash",
    { "local", window = 128 },
    { "sparse", pattern = { "strided", "fixed" } },
    { "longformer", window = 64, globals = 16 },
    "blocksparse",
    { "linformer", projection = { "gaussian", "mean_pool" } },
    { "performer", kernel = { "positive", "hyperbolic", "trigonometric", "relu" } },
    "linear", "additive", "bilinear",
    "mean_v", "zero",
  },
  measure  = { what = { "accuracy" } },
}
