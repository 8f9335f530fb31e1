"""flask ratchet doctor: checks of a running configuration, and what they find."""
