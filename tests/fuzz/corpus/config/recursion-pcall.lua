local function f() pcall(f) end f()
