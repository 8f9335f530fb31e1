"""One module of the product each, without a server."""
