"""How agent steps run: the effects they ask for, the driver that serves them, and replay after a crash."""
