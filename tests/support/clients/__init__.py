"""Clients of other people, as they come from npm and PyPI, and the site that they use."""
