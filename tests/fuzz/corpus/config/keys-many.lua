local t = { shape = { n = 64 }, variants = "flash" }
for i = 1, 3e4 do t["key" .. i] = 1 end
sweep(t)
