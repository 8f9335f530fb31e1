"""The contract as a model, and browsers to compare the site with it."""
