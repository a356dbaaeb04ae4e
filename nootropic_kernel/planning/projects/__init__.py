"""The project of a plan: templates, and what is filled into them."""
