"""Every setting: its definition, the values it takes, and how it is read at start."""
