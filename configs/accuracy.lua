-- How far is each mechanism from softmax attention, and on which kind of input? s is the deviation of the
-- logits: near 0 every key weighs the same, models reach 1.5 to 4. `local` rewards windows, `needle` whoever
-- sees every key, `sink` whoever keeps the first keys, `heavy` and `cluster` whoever chooses keys by content,
-- `lowrank` few features; the captured tensors are four heads of a small language model. numerics.lua has the
-- inputs that are hard on floats.
--
-- Each table ends in words: least error for its time and for its memory, and what is no better than the mean of the
-- visible values (skill 0). Random mechanisms are drawn from 15 seeds. It takes about five minutes.
sweep {
  shape    = { heads = 4, dk = 64, n = 1024 },
  mask     = { "none", "causal" },
  input    = {
    { "gauss", s = { 0.1, 0.25, 0.5, 1, 2, 4 } },
    { "gauss", mean_v = 1 },
    { "local", scale = 64 },
    { "needle", p = { 0.5, 0.9 } },
    { "sink", mass = { 0.5, 0.9 } },
    { "heavy", alpha = { 0.5, 1, 2 } },
    { "cluster", clusters = { 4, 16, 64 } },
    { "lowrank", rank = { 2, 8, 32 } },
    { "file", path = "data/bytes-lm.safetensors" },
  },
  variants = {
    "full", "flash",
    { "local", window = 128 },
    { "sink", window = 128 },
    { "sparse", pattern = { "strided", "fixed" } },
    { "longformer", window = 64, globals = 16 },
    "blocksparse",
    { "linformer", projection = { "gaussian", "mean_pool" } },
    { "performer", kernel = { "positive", "hyperbolic", "trigonometric", "relu" } },
    "linear", "additive", "bilinear",
    "mean_v", "zero",
  },
  measure  = { max_seconds = 0.12, seeds = 15 },
}
