-- What do positions change? `rope` turns queries and keys, `alibi` and `t5` are a bias: the time of a mechanism shows what a
-- bias costs beside none, its error whether positions bring a window, or any other choice of keys, nearer to softmax.
-- `shaw`, which has positions of its own, stands beside exact attention. It takes about two minutes.
sweep {
  shape     = { heads = 4, dk = 64, n = { 512, 1024, 2048 } },
  mask      = "causal",
  positions = { "none", { "rope", style = "half" }, "alibi", "t5" },
  variants  = {
    "full", "flash", "shaw",
    { "local", window = 128 },
    { "sparse", pattern = "strided" },
    "performer",
    "mean_v",
  },
  measure   = { max_seconds = 0.5 },
}
