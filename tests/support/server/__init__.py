"""Real servers: gunicorn, nginx, a proxy that loses things, clocks that are wrong."""
