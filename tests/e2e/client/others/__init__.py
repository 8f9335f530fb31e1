"""Clients of other people in Chromium, unmodified; access tokens hold for three seconds."""
