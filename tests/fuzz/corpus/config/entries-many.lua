local t = {}
for i = 1, 65 do t[i] = { "local", window = i } end
sweep { shape = { n = 64 }, variants = t }
