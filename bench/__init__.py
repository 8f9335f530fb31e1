"""Measures the cost of Ratchet: each program here prints figures for docs/speed.md."""
