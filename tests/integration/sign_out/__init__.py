"""Signing out, here and elsewhere, on each database."""
