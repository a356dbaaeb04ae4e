"""Who does what and when, within which budget; what does not fit waits."""
