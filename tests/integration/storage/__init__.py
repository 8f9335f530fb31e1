"""The way from the product to the database of a host."""
