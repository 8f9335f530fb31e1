"""What an operator asks and does: commands, and checks of a running configuration."""
