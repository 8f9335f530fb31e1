"""Ratchet on the ground of others: what a host hides, handles and brings along."""
