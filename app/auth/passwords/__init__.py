"""Who knows the password: hashes, rules for new ones, and limits on guessing."""
