-- How does memory grow with n, as table 21 of the FlashAttention paper has it?
--
-- The paper counts a forward and a backward pass, batches of 16 with 8 heads of 64 in half precision; here it is a
-- forward pass of a batch of 1 in 32 bits, with its queries, keys, values and output. So only the growth is compared.
-- Approximations keep an eighth of the sequence, at most 256 keys.
local paper = { -- MB at n = 512, 1024, 2048, 4096, 8192
  { "full",                   336,  1184, 4416, 17024 }, -- PyTorch, out of memory at 8192
  { "flash",                  104,  209,  418,  836,   1672 },
  { "local,window=f(n)",      232,  592,  1696, 3392,  6784 },
  { "linformer,rank=f(n)",    114,  287,  832,  1652,  3292 },
  { "longformer,window=f(n)", 124,  277,  681,  1370,  2748 },
  { "lsh",                    1508, 3016, 6033, 12067, 24134 }, -- Reformer
  { "bigbird,block=f(n)",     131,  294,  708,  1431,  2872 },
  { "openai_blocksparse",     228,  408,  910,  2401 },
}
local lengths = pow2(9, 13)
local claims = {}

for i = 2, #paper do
  for x, n in ipairs(lengths) do
    if paper[1][x + 1] then
      table.insert(claims, {
        ratio = { of = "full", over = paper[i][1] }, metric = "footprint", at = { n = n },
        published = paper[1][x + 1] / paper[i][x + 1],
        unlike = "the paper counts what the backward pass keeps as well",
      })
    end
  end
end
for _, row in ipairs(paper) do
  local column = {}
  for x, n in ipairs(lengths) do column[n] = row[x + 1] end
  table.insert(claims, { growth = row[1], metric = "footprint", from = 2048, published = column })
end

for _, row in ipairs(paper) do -- what exact attention in memory needs more grows with n, but beside those that grow alike
  if row[1] ~= "full" then
    local column = {}
    for x, n in ipairs(lengths) do column[n] = paper[1][x + 1] and row[x + 1] and paper[1][x + 1] / row[x + 1] end
    table.insert(claims, { rising = { of = "full", over = row[1] }, metric = "footprint", published = column })
  end
end

local function kept(n) return math.min(n // 8, 256) end

sweep {
  shape     = { heads = 8, dk = 64, n = lengths },
  variants  = {
    "full", "flash",
    { "local", window = function(n) return kept(n) // 2 end },
    { "linformer", rank = kept },
    { "longformer", window = function(n) return kept(n) // 2 end },
    "lsh",
    { "bigbird", block = function(n) return kept(n) // 8 end }, -- eight blocks
    { "openai_blocksparse", optional = true }, -- the kernels of Child et al.; without a mask their sets have no definition
  },
  measure   = { what = { "memory" } },
  published = {
    source = "Dao, Fu, Ermon, Rudra, Re: FlashAttention, 2022, table 21",
    claims = claims,
  },
}
