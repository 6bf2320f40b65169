pcall(sweep) pcall(sweep, 1) sweep("x")
