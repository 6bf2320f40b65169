sweep { shape = { n = 64 }, mask = "%s%n%99999d", variants = { "%s", { "local", ["%n"] = 1 } } }
