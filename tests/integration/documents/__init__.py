"""The apps that the pages of docs/ build."""
