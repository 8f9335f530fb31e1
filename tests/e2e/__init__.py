"""Real server processes and real clients."""
