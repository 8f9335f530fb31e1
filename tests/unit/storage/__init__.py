"""How a model lies on its tables."""
