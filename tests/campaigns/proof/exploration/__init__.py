"""The rule explored: a server, tabs, clocks and thieves, and every order of what they do."""
