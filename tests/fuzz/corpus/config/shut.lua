pcall(load, "x") setmetatable(_G, {})
