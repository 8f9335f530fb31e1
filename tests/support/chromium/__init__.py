"""A real Chromium, and the two sites that it is shown."""
