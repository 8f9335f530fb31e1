"""The tests: unit mirrors the source, integration has real databases, e2e real servers and browsers."""
