"""Ratchet in a host's app, on each database."""
