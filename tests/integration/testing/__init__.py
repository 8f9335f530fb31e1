"""What a host tests its site with: flask_ratchet.testing, and libraries that stop the time."""
