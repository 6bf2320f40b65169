local t = {} t.t = t sweep { shape = t }
