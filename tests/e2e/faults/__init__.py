"""Faults and races under real servers."""
