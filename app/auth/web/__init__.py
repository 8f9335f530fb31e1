"""One HTTP request: what it presents, whether it may, and what goes back."""
