sweep { shape = = 1 }
