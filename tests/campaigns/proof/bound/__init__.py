"""Sessions that are bound to a device, explored: the rule and the key together."""
