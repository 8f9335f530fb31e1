"""The declaration of a route: its path, its replies and the schemas of them, as plain values."""
