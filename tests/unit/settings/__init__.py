"""Settings: definitions, parsers, sources."""
