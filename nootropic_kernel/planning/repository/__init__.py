"""What a plan needs to know about a repository, read without running any of it."""
