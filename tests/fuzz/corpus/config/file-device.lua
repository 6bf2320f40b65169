sweep { shape = { n = 64 }, input = { "file", path = "/dev/zero" }, variants = "full" }
