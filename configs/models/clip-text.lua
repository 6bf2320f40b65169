-- CLIP's text encoder: 77 tokens. Does anything beat exact attention there?
--
-- 8 heads of 64, causal, 77 tokens (width 512): Radford and others, 2021, section 2.4.
sweep {
  shape    = { batch = 8, heads = 8, dk = 64, n = { 77, 154, 308 } },
  mask     = "causal",
  input    = { "gauss", s = 1 },
  variants = { "full", "flash", { "local", window = 16 }, { "performer", features = 64 }, "linear", "mean_v" },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
