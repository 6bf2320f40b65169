sweep { shape = { batch = 2, heads = 4, kv_heads = 2, dk = 8, dv = 4, nq = 3, nk = { 5, 7 } },
  mask = { "none", "causal", "causal_top_left" }, input = { "gauss", { "local", scale = 2, gain = { 1, 3 } }, { "needle", p = 0.9 } },
  threads = { 1, 2 }, seed = { 1, 2 }, isa = { "best", "generic" }, scale = 0.5, softcap = { 0, 30 }, causal_shift = { 0, -1 },
  variants = "flash", measure = { what = { "time", "accuracy" }, replicates = 3, rows = 4, seeds = 1, max_seconds = 0.5 } }
