--set ÿ.þ=1
sweep { shape = { n = 64 }, variants = "flash" }
