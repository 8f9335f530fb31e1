"""How a run of the tests is shared among processes, and kept quick."""
