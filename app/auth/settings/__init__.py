"""Every setting: its definition, its allowed values, and how it is read at start."""
