pcall(pow2, -1, 3) pcall(pow2, 1, 99) pcall(pow2) pcall(range, 1, 2, 0) pcall(range, 1, 1e9) pcall(range, 0/0, 1) range(-1e300, -1e300) range(1, 1/0)
