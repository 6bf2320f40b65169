local function f(s) return ("a"):gsub("a", f) end f()
