"""Recipes: changes a program can make by itself, each a pure function from the repository's files to edits."""

from nootropic_kernel.checks.recipes.files import MemoryFiles, RepoFiles
from nootropic_kernel.checks.recipes.gates import RecipeOutcome, run_recipe
from nootropic_kernel.checks.recipes.registry import (
    Example,
    Recipe,
    RecipeRefused,
    get_recipe,
    list_recipes,
)

__all__ = [
    "Example",
    "MemoryFiles",
    "Recipe",
    "RecipeOutcome",
    "RecipeRefused",
    "RepoFiles",
    "get_recipe",
    "list_recipes",
    "run_recipe",
]
