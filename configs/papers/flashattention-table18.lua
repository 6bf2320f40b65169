-- How does the time of a forward pass grow with n, and who is faster than whom, as table 18 of the FlashAttention paper
-- has it?
--
-- The paper runs batches of 16 with 8 heads of 64 in half precision on an A100; here a batch is 1 and numbers are of 32
-- bits. Approximations keep an eighth of the sequence, at most 256 keys. The pattern of its block-sparse form is not in
-- the table; here each block of queries sees as many keys, in a butterfly. Reformer is lsh with its defaults, 2 rounds
-- and chunks of 128. Growth is compared from n = 2048 on: below, a GPU is not filled.
local paper = { -- ms at n = 512, 1024, 2048, 4096, 8192; those that are missing have no entry
  { "full",                    0.43, 1.27, 4.32,  16.47, 67.77 }, -- PyTorch
  { "flash",                   0.18, 0.68, 2.40,  8.42,  33.54 },
  { "local,window=f(n)",       0.80, 1.90, 5.76,  11.56, 23.13 },
  { "linformer,rank=f(n)",     0.45, 0.50, 1.09,  2.09,  4.01 },
  { "longformer,window=f(n)",  0.99, 1.56, 4.79,  11.07, 32.98 },
  { "blocksparse,layout=f(i,j)", 0.63, 0.65, 0.61,  0.96,  1.69 }, -- Block-sparse FlashAttention
  { "lsh",                     5.01, 9.74, 20.03, 41.11, 87.39 }, -- Reformer
  { "smyrf",                   3.01, 5.69, 11.26, 22.23, 44.21 },
  { "lsformer",                1.34, 3.31, 11.01, 21.71, 43.27 },
  { "bigbird,block=f(n)",      1.02, 1.48, 5.05,  11.59, 34.16 },
  { "megatron",                0.42, 1.33, 4.28 },
  { "openai_blocksparse",      1.66, 2.16, 5.41,  16.15 },
}
local lengths = pow2(9, 13)
local claims = {}

for i = 2, #paper do
  for x, n in ipairs(lengths) do
    if paper[i][x + 1] then
      table.insert(claims, {
        ratio = { of = "full", over = paper[i][1] }, metric = "time", at = { n = n },
        published = paper[1][x + 1] / paper[i][x + 1],
      })
    end
  end
end
for _, row in ipairs(paper) do
  local column = {}
  for x, n in ipairs(lengths) do column[n] = row[x + 1] end
  table.insert(claims, { growth = row[1], metric = "time", from = 2048, published = column })
end

-- Who is faster at each length, for pairs that change places or are called out in the text.
local function race(a, b)
  for x, n in ipairs(lengths) do
    local first, second = paper[a], paper[b]
    if first[x + 1] > second[x + 1] then first, second = second, first end
    table.insert(claims, { order = { first[1], second[1] }, metric = "time", at = { n = n } })
  end
end
race(2, 4) -- flash and linformer
race(4, 6) -- linformer and block-sparse
race(1, 3) -- full and local

local function kept(n) return math.min(n // 8, 256) end

sweep {
  shape     = { heads = 8, dk = 64, n = lengths },
  variants  = {
    "full", "flash",
    { "local", window = function(n) return kept(n) // 2 end },
    { "linformer", rank = kept },
    { "longformer", window = function(n) return kept(n) // 2 end },
    { "blocksparse", block = 64, pattern = function(i, j, nb) -- as many blocks as keys are kept: 1, 2, then 4
      local apart = i ~ j
      return apart == 0 or (apart == 1 and nb >= 16) or ((apart == 2 or apart == 4) and nb >= 32)
    end },
    "lsh",
    { "smyrf", optional = true },
    { "lsformer", optional = true },
    { "bigbird", block = function(n) return kept(n) // 8 end }, -- eight blocks
    { "megatron", optional = true }, -- full, in fused kernels of a GPU
    { "openai_blocksparse", optional = true }, -- the kernels of Child et al.; without a mask their sets have no definition
  },
  measure   = { what = { "time" }, replicates = 6, max_seconds = 1 },
  published = {
    source = "Dao, Fu, Ermon, Rudra, Re: FlashAttention, 2022, table 18",
    claims = claims,
  },
}
