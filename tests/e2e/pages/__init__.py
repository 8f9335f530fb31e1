"""The pages in a real Chromium: continue, entry from elsewhere, and the reference site."""
