local t = table.pack(1) rawlen(t) next(t) sweep(select(2, 1, { shape = { n = 3 }, variants = tostring("flash") }))
