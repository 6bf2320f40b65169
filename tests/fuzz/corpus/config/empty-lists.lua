sweep { shape = { n = {} }, mask = {}, input = {}, threads = {}, variants = {}, measure = { what = {} } }
