sweep { ["\xff\xfe"] = 1, variants = "flash" }
