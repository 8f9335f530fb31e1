"""How a client starts: what it tells of nobody, and its options."""
