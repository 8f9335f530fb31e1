"""Hashes, rules for new passwords, limits on guessing."""
