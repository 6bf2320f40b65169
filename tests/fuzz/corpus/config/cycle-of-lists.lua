local t = {} t[1] = t sweep { variants = t }
