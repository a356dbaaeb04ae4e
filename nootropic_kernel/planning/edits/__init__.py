"""One task of a plan changed by a person, and changed back."""
