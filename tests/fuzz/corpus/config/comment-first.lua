--
--  
-- What?
-- Why?
sweep { shape = { n = 8 }, variants = "zero" }
