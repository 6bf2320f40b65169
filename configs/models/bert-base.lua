-- BERT-base: which mechanism would make its attention cheaper at the 512 tokens it was trained on, and from which
-- length on does one pay?
--
-- Layers of width 768 with 12 heads of 64, no causal mask, at most 512 tokens: Devlin, Chang, Lee, Toutanova, 2019, section 3. Longer n ask what a
-- longer context would cost. Inputs with logits of deviation 2, as heads of trained models have them.
sweep {
  shape    = { n = { 128, 256, 512, 1024, 2048 } },
  layer    = { d_model = 768, heads = 12 },
  input    = { "gauss", s = 2 },
  variants = {
    "flash",
    { "local", window = 64 },
    { "longformer", window = 64, globals = 1 },
    { "bigbird", block = 64 },
    { "linformer", rank = 128 },
    { "nystrom", landmarks = 64 },
    { "performer", features = 256 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
