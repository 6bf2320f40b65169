-- Every mechanism there is, from 512 tokens to 16384: how do time and memory of each family grow, and where does it
-- overtake exact attention?
--
-- Seven lengths from 2048 on make exponents sure. Some have no causal form, some no other: those rows say `unsupported`,
-- and why.
sweep {
  shape    = { heads = 8, dk = 64, n = { 512, 1024, 2048, 3072, 4096, 6144, 8192, 12288, 16384 } },
  mask     = { "none", "causal" },
  input    = { "gauss", s = 1 },
  variants = {
    "full", "flash", "persistent", "memory",
    "additive", "bilinear", "sigmoid", "shaw",
    "local", "sink", { "sparse", pattern = { "strided", "fixed" } }, "longformer", "bigbird", "blocksparse", "topk",
    "lsh",
    "linformer", "nystrom",
    "performer", "rfa", "linear", "cosformer",
    "retnet", "gla", "ssd", "deltanet",
    "hyena", "conv", "rnn",
    "mean_v", "zero",
  },
  measure  = { replicates = 6, rows = 64, max_seconds = 1 },
}
