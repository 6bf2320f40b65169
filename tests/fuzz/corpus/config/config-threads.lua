-- What does a second thread bring, and the next ones? Exact attention is bound by arithmetic and should
-- double; mechanisms bound by memory may not.
--
-- More threads than usable cores are a setting, not an error, but the rows say `oversubscribed`.
sweep {
  shape    = { heads = 8, dk = 64, n = 4096 },
  mask     = "causal",
  input    = { "gauss", s = 1 },
  threads  = { 1, 2 },
  variants = {
    "full", "flash",
    { "local", window = 256 },
    "sparse",
    { "longformer", window = 256, globals = 16 },
    { "performer", features = 256 },
    "linear", "additive", "bilinear",
    "copy",
  },
  measure  = { what = { "time" }, replicates = 6, max_seconds = 3 },
}
