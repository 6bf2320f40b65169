--set threads.$function=0
--set seed.$function=-1
sweep { shape = { n = 64 }, variants = "flash" }
