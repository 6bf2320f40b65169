sweep { shape = { n = 64 }, threads = { ["$function"] = 0 }, variants = "flash" }
