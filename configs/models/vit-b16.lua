-- ViT-B/16 on images of 224 and 384 pixels: is there anything to gain at so few tokens?
--
-- Layers of width 768 with 12 heads of 64; (224 / 16)^2 + 1 = 197 and (384 / 16)^2 + 1 = 577 tokens: Dosovitskiy and others, 2021, table 1 and
-- section 3. 1025 are images of 512 pixels.
sweep {
  shape    = { n = { 197, 577, 1025 } },
  layer    = { d_model = 768, heads = 12 },
  input    = { "gauss", s = 1 },
  variants = {
    "flash",
    { "linformer", rank = 64 },
    { "nystrom", landmarks = 64 },
    { "performer", features = 128 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
