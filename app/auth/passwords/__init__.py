"""Passwords: sign-in, hashes, the rules for new passwords, and limits on guessing."""
