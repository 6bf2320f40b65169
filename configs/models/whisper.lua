-- Whisper base, the encoder over 30 seconds of sound: 1500 positions. What would a window or fewer keys save?
--
-- 8 heads of 64, no mask, 1500 positions: Radford, Kim, Xu, Brockman, McLeavey, Sutskever, 2022, table 1 and section 2.2.
sweep {
  shape    = { n = { 375, 750, 1500, 3000 } },
  layer    = { d_model = 512, heads = 8 },
  input    = { "local", scale = 32 },
  variants = {
    "flash",
    { "local", window = 64 },
    { "linformer", rank = 256, projection = "mean_pool" },
    { "nystrom", landmarks = 64 },
    { "performer", features = 256 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
