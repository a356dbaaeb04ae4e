"""Changes of a plan by the smallest patch: after a failure, after an edit of the brief, and back again."""
