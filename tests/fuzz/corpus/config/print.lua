print(1, nil, {}, print, "\0", "x")
