-- A language model with grouped heads, as Llama 3 8B: prefill at 4096 to 32768 tokens.
--
-- 32 query heads on 8 heads of keys, of 128 each, width 4096: Dubey and others, 2024, table 3. Here a quarter of the heads,
-- 8 on 2: heads and their part of each projection are independent, so all of them take four times as long.
sweep {
  shape    = { n = { 4096, 8192, 16384, 32768 } },
  layer    = { d_model = 4096, heads = 8, kv_heads = 2, dk = 128, bias = false },
  mask     = "causal",
  input    = { "sink", mass = 0.6, s = 2 },
  variants = {
    "flash",
    { "sink", tokens = 4, window = 1024 },
    { "local", window = 1024 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 2, rows = 64, max_seconds = 2 },
}
