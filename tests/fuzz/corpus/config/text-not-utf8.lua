-- café
sweep { shape = { n = 64 }, mask = "é", variants = "flé" }
