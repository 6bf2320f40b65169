-- CLIP's text encoder: 77 tokens. Does anything beat exact attention there?
--
-- Layers of width 512 with 8 heads of 64, causal, 77 tokens: Radford and others, 2021, section 2.4.
sweep {
  shape    = { batch = 8, n = { 77, 154, 308 } },
  layer    = { d_model = 512, heads = 8 },
  mask     = "causal",
  input    = { "gauss", s = 1 },
  variants = { "full", "flash", { "local", window = 16 }, { "performer", features = 64 }, "linear", "mean_v" },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
