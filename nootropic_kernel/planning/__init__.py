"""Plans: from a brief and the facts of a repository to tasks that can be done, with or without a model."""
