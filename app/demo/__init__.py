"""``make demo``: shows the rule in the terminal, with real requests to a real server."""
