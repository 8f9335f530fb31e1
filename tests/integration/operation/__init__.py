"""Commands, checks and the reference site, on each database."""
