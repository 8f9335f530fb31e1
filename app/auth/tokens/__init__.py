"""Signed tokens: their keys, their signatures and their claims."""
