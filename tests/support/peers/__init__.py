"""Clients of a served site that do what browsers and attackers do, without a browser."""
