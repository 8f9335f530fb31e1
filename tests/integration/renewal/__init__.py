"""Refresh and continue, on each database."""
