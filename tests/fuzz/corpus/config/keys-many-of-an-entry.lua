local t = { "local" }
for i = 1, 1e5 do t["key" .. i] = 1 end
sweep { shape = { n = 64 }, variants = { t } }
