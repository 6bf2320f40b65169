-- A speech encoder that may look 10 frames back and 2 ahead: what do truncated windows save over a minute of sound?
--
-- 8 heads of 64 (width 512), left context 10 and right context 2 in each layer, frames of 30 ms: Zhang, Lu, Sak,
-- Tripathi, McDermott, Koo, Kumar, "Transformer Transducer", 2020, sections 4 and 5. 500 frames are 15 seconds, 2000 a
-- minute.
sweep {
  shape    = { n = { 500, 1000, 2000, 4000 } },
  layer    = { d_model = 512, heads = 8 },
  input    = { "local", scale = 8 },
  variants = {
    "flash",
    { "local", left = 10, right = 2 },
    { "local", left = 64, right = 16 },
    { "nystrom", landmarks = 64 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
