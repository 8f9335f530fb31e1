"""Requests made from the OpenAPI document, good and bad, to the served site: ``make fuzz``."""
