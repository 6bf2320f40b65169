-- DETR, cross-attention of the decoder: 100 object queries look at the image, or 300.
--
-- Layers of width 256 with 8 heads of 32, 100 queries, and 300 in later models such as Deformable DETR; 850 keys are an image
-- of 800 x 1066 pixels at stride 32, 3400 one of stride 16 (DC5): Carion, Massa, Synnaeve, Usunier, Kirillov, Zagoruyko,
-- 2020, sections 3.2 and 4.
sweep {
  shape    = { n = { 100, 300 } },
  layer    = { d_model = 256, heads = 8, context = { n = { 850, 3400 } } },
  input    = { "gauss", s = 2 },
  variants = {
    "full", "flash",
    { "linformer", rank = 128, projection = "mean_pool" },
    { "nystrom", landmarks = 64 },
    { "performer", features = 128 },
    "linear",
    "mean_v",
  },
  measure  = { replicates = 6, max_seconds = 0.5 },
}
