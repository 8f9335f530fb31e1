"""Keys, signatures and claims."""
