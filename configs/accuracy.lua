-- How far is each mechanism from softmax attention, and on which kind of input? s is the deviation of the
-- logits: near 0 every key weighs the same, models reach 1.5 to 4. `local` rewards windows, `needle` whoever
-- sees every key, `sink` whoever keeps the first keys, `heavy` and `cluster` whoever chooses keys by content,
-- `lowrank` few features; the captured tensors are four heads of a small language model. numerics.lua has the
-- inputs that are hard on floats.
--
-- Subsets keep about 256 keys of 1024, topk the 256 that weigh most: what a subset could reach. Random mechanisms are
-- drawn from 15 seeds. lsh is measured from softmax attention whose keys are the queries. Each table ends in words: least
-- error for its time and for its memory, and what is no better than the mean of the visible values.
--
-- Left out is what has no distance, or one that only training could make small: persistent, memory, sigmoid, shaw,
-- retnet, gla, ssd, deltanet, hyena, conv, rnn; and the controls copy and null, which have no output of their own.
sweep {
  shape    = { heads = 4, dk = 64, n = 1024 },
  mask     = { "none", "causal" },
  input    = {
    { "gauss", s = { 0.25, 0.5, 1, 2, 4 } },
    { "gauss", mean_v = 1 },
    { "local", scale = 64 },
    { "needle", p = 0.9 },
    { "sink", mass = 0.7 },
    { "heavy", alpha = { 1, 2 } },
    { "cluster", clusters = 16 },
    { "lowrank", rank = 8 },
    { "file", path = "data/bytes-lm.safetensors" },
  },
  variants = {
    "full", "flash",
    { "local", window = 128 },
    { "sink", window = 126 },
    { "sparse", pattern = { "strided", "fixed" } },
    { "longformer", window = 120, globals = 16 },
    { "bigbird", block = 32 },
    { "blocksparse", block = 32, pattern = "bigbird", window_blocks = 5 },
    { "topk", k = { 32, 256 } },
    { "lsh", rounds = { 2, 8 }, chunk = 64 },
    { "linformer", projection = { "gaussian", "mean_pool" } },
    "nystrom",
    { "performer", kernel = { "positive", "hyperbolic", "trigonometric", "relu" } },
    { "rfa", features = 128 },
    "linear", "cosformer", "additive", "bilinear",
    "mean_v", "zero",
  },
  measure  = { max_seconds = 0.4, seeds = 15 },
}
