"""A model's proposal for a plan: what it may say, what is wrong with it, and what is kept."""
