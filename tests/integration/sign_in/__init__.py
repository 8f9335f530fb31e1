"""Signing in, on each database."""
