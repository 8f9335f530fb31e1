"""The browser client in a real Chromium, against a stranger's app under gunicorn."""
