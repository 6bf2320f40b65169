--set shape.n=8
sweep { 1, 2 }
