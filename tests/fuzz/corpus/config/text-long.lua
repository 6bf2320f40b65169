sweep { shape = { n = 64 }, mask = ("x"):rep(5000), variants = { ("y"):rep(5000), { "full", materialise = ("z"):rep(5000) } } }
