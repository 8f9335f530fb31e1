"""For the operator: commands, and checks of a running configuration."""
