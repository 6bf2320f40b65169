local f = string.dump
print(f)
require("os")
