"""One HTTP request: body, cookies, origin, redirects."""
