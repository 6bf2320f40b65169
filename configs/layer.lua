-- From which length on does the mechanism, and not its projections, take most of a multi-head layer?
-- A layer as in BERT base or GPT-2: x has 768 features, 12 heads of 64.
sweep {
  shape    = { n = pow2(7, 12) },
  layer    = { d_model = 768, heads = 12, kv_heads = 12, bias = true },
  variants = { "flash", { "local", window = 128 }, "linear", "performer" },
  measure  = { replicates = 6, max_seconds = 2 },
}
