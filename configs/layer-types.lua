-- How does each type of layer grow with the length of the sequence, and with its width?
--
-- "Attention is all you need" (Vaswani et al., 2017), table 1, lists operations, sequential operations and the longest
-- path between two positions. This measures time beside them; d is the size of each of 2 heads.
sweep {
  shape    = { heads = 2, dk = { 32, 64, 128, 256 }, n = pow2(11, 14) },
  mask     = { "none", "causal" },
  variants = {
    "flash",                                                                       -- self-attention
    { "local", window = 256 }, { "sparse", pattern = "strided" }, "bigbird",       -- restricted
    { "linformer", rank = 256 }, "nystrom",                                        -- low-rank
    "linear", { "performer", features = 256 },                                     -- kernel
    "rnn", "retnet", "deltanet",                                                   -- recurrent
    "conv", "hyena",                                                               -- convolution
    "lsh",                                                                         -- content-based
  },
  measure  = { what = { "time", "memory" }, replicates = 6, max_seconds = 0.5 },
}
