"""project-spec.md: the plan as a file that people edit, and that loses nothing."""
