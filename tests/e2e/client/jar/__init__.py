"""A cookie jar that somebody else changes: late replies, and another site on the same host."""
