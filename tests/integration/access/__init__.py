"""Who may see a guarded view, on each database."""
