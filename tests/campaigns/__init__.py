"""What takes longer than a test: each has a command of its own."""
