-- Longformer-base-4096: what its window saves against exact attention, and what else would save as much.
--
-- 12 heads of 64, 512 keys in the window (256 on each side), one global token, 4096 tokens: Beltagy, Peters, Cohan, 2020,
-- sections 3 and 5.
sweep {
  shape    = { n = { 512, 1024, 2048, 4096, 8192 } },
  layer    = { d_model = 768, heads = 12 },
  input    = { "local", scale = 64 },
  variants = {
    "flash",
    { "longformer", window = 256, globals = 1 },
    { "bigbird", block = 64 },
    { "nystrom", landmarks = 64 },
    { "performer", features = 256 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
