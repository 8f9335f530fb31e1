"""One HTTP request: what it presents, whether it is allowed, and the response."""
