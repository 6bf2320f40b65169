x = "\u{7FFFFFFF}" y = "\xZZ"
