-- Does a window of an eighth of the sequence pay off?
sweep {
  shape    = { heads = 8, dk = 64, n = pow2(9, 12) },
  mask     = { "none", "causal" },
  variants = { "full", "flash", { "local", window = function(n) return n // 8 end } },
  measure  = { replicates = 6, max_seconds = 2 },
}
