local y <close> = 3
