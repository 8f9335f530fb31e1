"""The site under gunicorn, over real HTTP."""
