sweep { shape = { n = powr2(1, 2) } }
