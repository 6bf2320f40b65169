local s, t = ("x"):rep(1 << 22), {}
for i = 1, 1000 do t[i] = s end
sweep { variants = t }
