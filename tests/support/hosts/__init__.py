"""Apps of hosts: a Flask, a database and user models of their own, with Ratchet in them."""
