--set variants.x=1
--set shape.n.a.b=1
sweep { shape = { n = 64 }, variants = { "flash" } }
