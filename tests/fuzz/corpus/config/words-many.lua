local t = {}
for i = 1, 1e4 do t[i] = "m" .. i end
sweep { shape = { n = 1 }, mask = t, variants = t, input = t, plugins = t }
