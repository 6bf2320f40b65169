local t = {}
for i = 1, 30 do t = { t } end
sweep { shape = { n = t }, variants = "flash" }
