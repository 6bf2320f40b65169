sweep { shape = { n = { 0/0, 1/0, -1/0 } }, variants = "flash" }
