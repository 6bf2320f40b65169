local t = {}
for i = 1, 2e4 do t[i] = -i end
sweep { shape = { n = t }, variants = "flash" }
