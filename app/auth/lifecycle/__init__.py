"""What becomes of a session: pure values and functions, without clock, row or request."""
