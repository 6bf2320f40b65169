error(("x"):rep(1e5))
