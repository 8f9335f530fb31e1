"""The site under fire for minutes: browsers, thieves, new keys and killed workers, and a count of it all.

``make soak ARGS="--minutes 3"``; docs/soak.md says how to read what it prints.
"""
