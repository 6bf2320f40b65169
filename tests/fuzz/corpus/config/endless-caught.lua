pcall(function() while true do end end)
sweep { shape = { n = 64 }, variants = "flash" }
