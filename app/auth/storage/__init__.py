"""The user row in the host's database; the only package that knows SQL."""
