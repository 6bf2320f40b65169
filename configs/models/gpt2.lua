-- GPT-2 small: what would make its causal attention cheaper at 1024 tokens, and at the contexts of its successors?
--
-- Layers of width 768 with 12 heads of 64, causal, 1024 tokens: Radford, Wu, Child, Luan, Amodei, Sutskever, 2019, section 2.3.
sweep {
  shape    = { n = { 256, 512, 1024, 2048, 4096 } },
  layer    = { d_model = 768, heads = 12 },
  mask     = "causal",
  input    = { "gauss", s = 2 },
  variants = {
    "flash",
    { "local", window = 128 },
    { "sink", tokens = 4, window = 128 },
    { "sparse", pattern = "strided" },
    { "performer", features = 256 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
