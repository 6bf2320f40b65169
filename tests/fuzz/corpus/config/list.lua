sweep { 1, 2 }
