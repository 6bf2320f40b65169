table.sort({ 3, 2, 1, 5 }, function() while true do end end)
