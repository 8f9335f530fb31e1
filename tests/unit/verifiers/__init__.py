"""Hashes of other systems: which are taken, which match, and what a check costs."""
