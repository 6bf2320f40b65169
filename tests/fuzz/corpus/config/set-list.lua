--set shape.n=512,1024
--set mask=causal,none
--set threads=pow2(0, 1)
--set input.s=3
sweep { shape = { n = 64 }, variants = "flash" }
