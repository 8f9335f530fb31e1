"""Requests of every shape, on each database."""
