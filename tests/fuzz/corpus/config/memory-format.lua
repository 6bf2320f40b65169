local s = ("%99.99f"):rep(99) print(#s:format(1))
