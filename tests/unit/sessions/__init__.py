"""The use cases of sessions, on rows in memory."""
