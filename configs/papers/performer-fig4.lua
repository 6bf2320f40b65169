-- Are orthogonal features nearer to softmax than independent ones, and positive ones nearer than trigonometric ones,
-- as figure 4 of the Performer paper has it?
--
-- The figure has no numbers, so that its orders are what is compared: n = 4096, head size 16, the median of 15 draws as
-- the figure's curves are. Its input is "appropriately normalized"; here the logits have deviation 1. Lemma 2 of the
-- paper says in addition that the squared error of independent features falls as 1 / m, the error as 1 / sqrt(m).
local counts = { 16, 32, 64, 128, 256 }
local claims = {}

local function features(m, kernel, projection)
  return "performer,features=" .. m .. ",kernel=" .. kernel .. ",projection=" .. projection
end

local function below(name, less, more)
  table.insert(claims, { order = { less, more }, metric = "error", at = { n = 4096 }, name = name })
end

for _, kernel in ipairs { "positive", "trigonometric" } do
  for _, m in ipairs(counts) do
    below("orthogonal < independent, " .. kernel .. ", m = " .. m,
          features(m, kernel, "orthogonal"), features(m, kernel, "independent"))
  end
end
for _, projection in ipairs { "orthogonal", "independent" } do
  for _, m in ipairs(counts) do
    below("positive < trigonometric, " .. projection .. ", m = " .. m,
          features(m, "positive", projection), features(m, "trigonometric", projection))
  end
end
for _, kernel in ipairs { "positive", "trigonometric" } do
  for _, m in ipairs { 16, 64 } do
    table.insert(claims, {
      ratio = { of = features(m, kernel, "independent"), over = features(4 * m, kernel, "independent") },
      metric = "error", at = { n = 4096 }, published = 2,
      name = kernel .. ", m = " .. m .. " over " .. 4 * m,
      note = "Lemma 2 is on the kernel, the limit of many features; attention divides two such estimates",
    })
  end
end

sweep {
  shape     = { heads = 1, dk = 16, n = 4096 },
  input     = { "gauss", s = 1 },
  seed      = range(1, 15),
  variants  = {
    { "performer", features = counts, kernel = { "positive", "trigonometric" },
      projection = { "orthogonal", "independent" } },
  },
  measure   = { what = { "accuracy" } },
  published = {
    source = "Choromanski et al.: Rethinking attention with Performers, 2021, figure 4 and Lemma 2",
    claims = claims,
  },
}
