"""The product as a stranger gets it: wheels, snippets of the docs, a next release."""
