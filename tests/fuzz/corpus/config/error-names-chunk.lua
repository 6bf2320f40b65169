error("(config)(config):3: (config)")
