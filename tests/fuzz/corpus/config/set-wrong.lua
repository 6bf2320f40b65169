--set x
--set =3
--set shape.n={
--set ..=1
sweep { shape = { n = 64 }, variants = "flash" }
