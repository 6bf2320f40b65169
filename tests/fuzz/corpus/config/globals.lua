for k, v in pairs(_ENV) do print(k, v) end _ENV = nil
