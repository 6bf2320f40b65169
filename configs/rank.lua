-- What does accuracy cost? Each approximation has one number that buys it: the window, the rank, the
-- landmarks, the features, the keys that are chosen. As it grows, error falls and time rises; which curve is lowest depends on the input.
sweep {
  shape    = { heads = 4, dk = 64, n = 2048 },
  mask     = "none",
  input    = { { "gauss", s = { 0.25, 1 } }, { "local", scale = 64 } },
  variants = {
    "flash",
    { "local", window = { 16, 32, 64, 128, 256, 512 } },
    { "longformer", window = { 16, 32, 64, 128, 256, 512 }, globals = 16 },
    { "linformer", rank = { 32, 64, 128, 256, 512, 1024 }, projection = { "gaussian", "mean_pool" } },
    { "nystrom", landmarks = { 16, 32, 64, 128, 256, 512 } },
    { "performer", features = { 32, 64, 128, 256, 512, 1024 } },
    { "rfa", features = { 32, 64, 128, 256, 512 } },
    { "topk", k = { 8, 16, 32, 64, 128, 256 } },
    "mean_v", "zero",
  },
  measure  = { what = { "time", "accuracy" }, replicates = 6, max_seconds = 0.6 },
}
