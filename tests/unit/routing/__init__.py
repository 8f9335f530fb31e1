"""The declarations of the routes, by themselves."""
