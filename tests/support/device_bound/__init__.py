"""A device with a key, as a browser with Device Bound Session Credentials has one, but in software."""
