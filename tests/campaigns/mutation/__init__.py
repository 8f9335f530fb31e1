"""Faults put into the code on purpose, one at a time, to see a test fail: ``make mutation``."""
