sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = { ["$function"] = 99 } } } }
