"""Learning from what the person accepted."""
