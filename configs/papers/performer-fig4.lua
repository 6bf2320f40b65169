-- Are orthogonal features nearer to softmax than independent ones, and positive ones nearer than trigonometric ones,
-- as figure 4 of the Performer paper has it?
--
-- The figure has no numbers, so that its orders are what is compared: n = 4096, head size 16, the median of 60 draws;
-- the figure has 15. Its input is "appropriately normalized", which says no scale: here the logits have deviation 1,
-- as in models, and 0.25, where features are good estimates. Lemma 2 of the paper says in addition that the squared error
-- of m independent features falls as 1 / m, so the error as 1 / sqrt(m).
local scales, counts = { 0.25, 1 }, { 16, 64, 256 }
local kernels, projections = { "positive", "trigonometric" }, { "orthogonal", "independent" }
local claims = {}

local function features(m, kernel, projection)
  return "performer,features=" .. m .. ",kernel=" .. kernel .. ",projection=" .. projection
end

local function place(s) return { n = 4096, input = "gauss,s=" .. s } end

local function below(s, less, more, name)
  table.insert(claims, { order = { less, more }, metric = "error", at = place(s), name = name .. ", s = " .. s })
end

for _, s in ipairs(scales) do
  for _, m in ipairs(counts) do
    for _, kernel in ipairs(kernels) do
      below(s, features(m, kernel, "orthogonal"), features(m, kernel, "independent"),
            "orthogonal < independent, " .. kernel .. ", m = " .. m)
    end
    for _, projection in ipairs(projections) do
      below(s, features(m, "positive", projection), features(m, "trigonometric", projection),
            "positive < trigonometric, " .. projection .. ", m = " .. m)
    end
  end
end
for _, s in ipairs(scales) do
  for _, kernel in ipairs(kernels) do
    for _, m in ipairs { 16, 64 } do
      table.insert(claims, {
        ratio = { of = features(m, kernel, "independent"), over = features(4 * m, kernel, "independent") },
        metric = "error", at = place(s), published = 2,
        name = kernel .. ", m = " .. m .. " over " .. 4 * m .. ", s = " .. s,
        note = "Lemma 2 is on the kernel; attention divides two such estimates, and follows where they are good",
      })
    end
  end
end

sweep {
  shape     = { heads = 1, dk = 16, n = 4096 },
  input     = { "gauss", s = scales },
  variants  = { { "performer", features = counts, kernel = kernels, projection = projections }, "mean_v", "zero" },
  measure   = { what = { "accuracy" }, seeds = 60 },
  published = {
    source = "Choromanski et al.: Rethinking attention with Performers, 2021, figure 4 and Lemma 2",
    claims = claims,
  },
}
