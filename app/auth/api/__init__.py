"""The JSON API and the OAuth endpoints, the document that describes them, and the blueprint of all routes."""
