-- Does the gain of Linformer over exact attention rise with the length n and fall with the rank k, as table 3 of its
-- paper has it?
--
-- The paper times the inference of a whole model, and calls the ratio of the largest batches that fit its memory
-- saving; here it is the operator alone, with its queries, keys, values and output. So the single cells cannot be
-- compared; how they rise, fall and grow can. The table goes on to n = 65536; exact attention takes long there.
local ranks = { 128, 256, 512, 1024, 2048 }
local faster = { --  k = 128, 256, 512, 1024, 2048
  [512]  = { 1.5, 1.3 },
  [1024] = { 1.7, 1.6, 1.3 },
  [2048] = { 2.6, 2.4, 2.1, 1.3 },
  [4096] = { 3.4, 3.2, 2.8, 2.2, 1.3 },
  [8192] = { 5.5, 5.0, 4.4, 3.5, 2.1 },
}
local smaller = {
  [512]  = { 1.7, 1.5 },
  [1024] = { 3.0, 2.9, 1.8 },
  [2048] = { 6.1, 5.6, 3.6, 2.0 },
  [4096] = { 14, 13, 8.3, 4.3, 2.3 },
  [8192] = { 28, 26, 17, 8.5, 4.5 },
}
local lengths = pow2(9, 13)
local claims = {}

local function label(k) return "linformer,rank=" .. k end

local function compare(metric, cells, whole)
  local ratios, rises, growths, orders = {}, {}, {}, {}
  for i, k in ipairs(ranks) do -- columns: the gain of one rank over the lengths
    local gain, column, entries = { of = "full", over = label(k) }, {}, 0
    for _, n in ipairs(lengths) do
      local published = cells[n][i]
      if published then
        column[n], entries = published, entries + 1
        table.insert(ratios, { ratio = gain, metric = metric, at = { n = n }, published = published,
                               unlike = whole })
      end
    end
    if entries > 1 then
      table.insert(rises, { rising = gain, metric = metric, published = column })
      table.insert(growths, { growth = gain, metric = metric, published = column, note = whole })
    end
  end
  for _, n in ipairs(lengths) do -- rows: what a greater rank costs
    local row = {}
    for i in ipairs(cells[n]) do table.insert(row, label(ranks[i])) end
    table.insert(orders, { order = row, metric = metric, at = { n = n },
                           name = "rank 128 < ... < " .. ranks[#row] })
  end
  for _, kind in ipairs { ratios, rises, growths, orders } do
    table.move(kind, 1, #kind, #claims + 1, claims)
  end
end

compare("time", faster, "the paper times a whole model, whose other layers hold the gain down")
compare("footprint", smaller, "the paper divides the largest batches of a whole model")

sweep {
  shape     = { heads = 8, dk = 64, n = lengths },
  variants  = { "full", { "linformer", rank = ranks } },
  measure   = { what = { "time", "memory" }, replicates = 6, max_seconds = 1 },
  published = {
    source = "Wang, Li, Khabsa, Fang, Ma: Linformer, 2020, table 3",
    claims = claims,
  },
}
