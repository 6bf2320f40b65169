-- Whisper base, cross-attention of the decoder: up to 448 tokens of text look at 1500 positions of sound.
--
-- Layers of width 512 with 8 heads of 64; at most 448 tokens, 1500 positions: Radford and others, 2022, section 2.2; the released decoder's context.
-- One query is the step of a decoder that writes token by token.
sweep {
  shape    = { n = { 1, 32, 448 } },
  layer    = { d_model = 512, heads = 8, context = { n = 1500 } },
  input    = { "gauss", s = 2 },
  variants = {
    "full", "flash",
    { "linformer", rank = 256, projection = "mean_pool" },
    { "nystrom", landmarks = 64 },
    { "performer", features = 256 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
