--set shape.n=
--set mask=,,
--set .=
sweep { shape = { n = 64 }, variants = "flash" }
