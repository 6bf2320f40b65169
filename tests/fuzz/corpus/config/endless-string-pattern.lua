local s = string.rep("a", 40)
local x = s:find(string.rep("a*", 30) .. "b")
