-- Which mechanisms keep to their definition where numbers are hard on floats: logits of 1e4, key norms spread over
-- 1e3, equal keys, zero vectors, NaN in keys that nobody sees, a bias of -inf between packed documents?
--
-- An exact mechanism may be twice as far from softmax in double as plain float attention is. Only causal_top_left
-- leaves keys unseen here, so that masked_nan is unsupported without a mask. What needs nq = nk is not in, nor are
-- performer's trigonometric features, whose factor exp(|k|^2 / 2) no double holds at these sizes. It takes about two
-- minutes.
sweep {
  shape    = { heads = 4, kv_heads = 2, dk = 64, dv = 48, nq = 257, nk = { 258, 1003 } },
  mask     = { "none", "causal_top_left" },
  positions = { "none", { "documents", count = 3 } },
  input    = { "numerics", case = { "logits_1e2", "logits_1e4", "key_norms", "equal_keys", "zero_vectors", "masked_nan" } },
  variants = {
    "full", "flash", "persistent", "memory",
    "additive", "bilinear", "sigmoid", "shaw",
    { "local", window = 128 },
    { "sink", window = 128 },
    { "longformer", window = 64, globals = 16 },
    { "sparse", pattern = { "strided", "fixed" } },
    "blocksparse", "topk",
    "linformer", "nystrom",
    { "performer", kernel = { "positive", "hyperbolic", "relu" } },
    "rfa", "linear", "cosformer",
    "mean_v", "zero",
  },
  measure  = { what = { "accuracy" } },
}
