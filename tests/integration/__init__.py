"""The blueprint over HTTP, on each database."""
