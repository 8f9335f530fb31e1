"""The package as a whole: what it installs, what its pages and examples say, its demo and its campaigns."""
