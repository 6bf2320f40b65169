local t = {} for i = 1, 1e5 do t[i] = ("y"):rep(1000) end local s = table.concat(t)
