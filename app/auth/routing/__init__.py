"""The declaration of a route: its path, its replies, their schemas, and where its guard stands."""
