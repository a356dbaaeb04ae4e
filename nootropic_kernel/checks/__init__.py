"""Checks: recipes, the scan of a change, and test runs in the sandbox."""
