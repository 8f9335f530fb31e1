"""The use cases of sessions: start, refresh and end them, and issue their tokens."""
