"""``make demo``: the rule told in the terminal, by real requests to a real server."""
