"""The decisions about sessions: pure values and functions, without clock, row or request."""
