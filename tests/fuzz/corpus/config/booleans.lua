sweep { shape = { n = true }, variants = false }
