-- BigBird-base: window, global and random blocks against exact attention and against a window of the same cost.
--
-- 12 heads of 64, blocks of 64, three random blocks, 4096 tokens: Zaheer and others, 2020, table 8.
sweep {
  shape    = { n = { 1024, 2048, 4096, 8192 } },
  layer    = { d_model = 768, heads = 12 },
  input    = { "heavy", alpha = 1 },
  variants = {
    "flash",
    { "bigbird", block = 64 },
    { "local", window = 256 },
    { "longformer", window = 192, globals = 64 },
    { "sink", tokens = 64, window = 224 },
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
