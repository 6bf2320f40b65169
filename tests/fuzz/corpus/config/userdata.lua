sweep { shape = io, x = print }
