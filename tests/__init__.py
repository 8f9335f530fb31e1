"""The tests.

- ``unit``: a folder for each package of app/auth, without a server.
- ``integration``: the blueprint over HTTP, by feature, on each database.
- ``e2e``: real servers, faults, and Chromium for the client and the pages.
- ``campaigns``: programs that take longer than a test; each has a command in the Makefile.
- ``support``: what several of them share, each helper once.
"""
