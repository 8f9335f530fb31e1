"""What Ratchet costs, measured: each program here prints what docs/speed.md quotes."""
