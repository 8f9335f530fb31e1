"""For the operator: the commands below ``flask ratchet``."""
