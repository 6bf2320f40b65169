-- How near to the peak of the machine does exact attention come, by length, mask and number of threads?
--
-- `attnbench fit` tells the share of the multiply-add peak, which the same processes measure.
sweep {
  shape    = { heads = 8, dk = 64, n = { 512, 2048, 8192, 16384 } },
  mask     = { "none", "causal" },
  threads  = { 1, 2 },
  variants = { "flash" },
  measure  = { what = { "time", "memory" }, replicates = 6, max_seconds = 0.5 },
}
