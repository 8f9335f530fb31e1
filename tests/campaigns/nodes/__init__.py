"""Three nodes behind nginx while everything around them breaks: browsers, thieves, and a count of it all.

``make nodes ARGS="--minutes 10"``; docs/scaling.md says what it shows.
"""
