"""The sites that are compared over HTTP: a bare one with the floor, and one with Ratchet.

Each site, here and in bench.peers, is a module with an ``app`` for gunicorn and a function ``prepare``, which
fills an empty database and returns tokens by kind: ``access`` tokens of one user, and refresh tokens, each of
a session of its own. Where the database is, and the secret, are told in the environment.
"""

ACCESS_SECONDS = 60 * 60
"""How long an access token of every site is valid: longer than a run takes."""
