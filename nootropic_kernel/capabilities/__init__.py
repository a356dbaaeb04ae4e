"""What Nootropic can do: one typed function a verb, offered alike by every face."""
