"""The routes of the blueprint, and the document that describes them."""
