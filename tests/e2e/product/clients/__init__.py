"""Clients of other people outside a browser, unmodified, and what is generated from the OpenAPI document."""
