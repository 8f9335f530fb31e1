"""Measures sites as clients meet them: gunicorn, HTTP, and the processor time of the server's processes."""
