-- How do time and memory of exact attention, Linformer, Longformer and Nystrom attention grow with n, as table 1 of the
-- Nystromformer paper has it?
--
-- The paper measures one self-attention module with its projections on a GPU, in MB and ms, and gives no width and no
-- number of heads beside the table; here it is a layer of width 512 with 8 heads of 64. Longformer-257 is a window of 128
-- keys on either side.
local lengths = { 512, 1024, 2048, 4096, 8192 }
local paper = { -- at each length { MB, ms }
  { "full",                           { 54, 0.8 }, { 186, 2.4 }, { 685, 10.0 }, { 2620, 32.9 }, { 10233, 155.4 } },
  { "linformer",                      { 41, 0.7 },   { 81, 1.3 }, { 165, 2.7 }, { 366, 5.3 },   { 635, 11.3 } },
  { "longformer,window=128,globals=0", { 32.2, 2.4 }, { 65, 4.6 }, { 130, 9.2 }, { 263, 18.5 },  { 455, 36.2 } },
  { "nystrom,landmarks=64",           { 35, 0.7 },   { 63, 1.3 }, { 118, 2.7 }, { 229, 5.9 },   { 450, 12.3 } },
  { "nystrom,landmarks=32",           { 26, 0.6 },   { 49, 1.2 }, { 96, 2.6 },  { 193, 5.6 },   { 383, 11.5 } },
}
local claims = {}

local function compare(metric, entry, note)
  local full = paper[1]
  for i = 2, #paper do -- how many times faster or smaller than exact attention
    for x, n in ipairs(lengths) do
      table.insert(claims, {
        ratio = { of = full[1], over = paper[i][1] }, metric = metric, at = { n = n },
        published = full[x + 1][entry] / paper[i][x + 1][entry], note = note,
      })
    end
  end
  for _, row in ipairs(paper) do
    local column = {}
    for x, n in ipairs(lengths) do column[n] = row[x + 1][entry] end
    table.insert(claims, { growth = row[1], metric = metric, published = column })
  end
end

compare("time", 2)
compare("footprint", 1)

sweep {
  shape     = { n = lengths },
  layer     = { d_model = 512, heads = 8 },
  variants  = {
    "full",
    { "linformer", rank = 256 },
    { "longformer", window = 128, globals = 0 },
    { "nystrom", landmarks = { 64, 32 } },
  },
  measure   = { what = { "time", "memory" }, replicates = 6, max_seconds = 1 },
  published = {
    source = "Xiong et al.: Nystromformer, 2021, table 1",
    claims = claims,
  },
}
