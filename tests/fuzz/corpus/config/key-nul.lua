sweep { ["shape\0x"] = { n = 3 }, [""] = 1, ["shape.n"] = 4 }
