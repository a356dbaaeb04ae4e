"""The workspace service: the one background process of a workspace that owns the loaded model."""
