--set seed=print("x")
--set threads=1) print(2
--set softcap=0/0
sweep { shape = { n = 64 }, variants = "flash" }
