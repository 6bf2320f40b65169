local m = ("").x print(m, #("x"):rep(10, ","), ("x"):byte(-1), ("%q"):format("\0"))
