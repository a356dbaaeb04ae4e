"""The list of recipes: name, what it does, which arguments it takes, and examples that are its tests."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.workspace.errors import NootropicError, UsageError

Args = Mapping[str, Any]

# Module of each recipe, in the order in which they are shown.
_MODULES = {
    "python.entity": "python_entity",
    "python.store": "python_store",
    "python.entry_point": "python_entry_point",
    "python.rename": "python_rename",
    "python.docstrings": "python_docstrings",
    "notebook.sketch": "notebook_sketch",
    "notebook.use": "notebook_use",
    "readme.section": "readme_section",
    "project.gitignore": "project_gitignore",
    "project.ci": "project_ci",
}


class RecipeRefused(NootropicError):
    """The recipe does not apply here, and says why; nothing was changed."""


@dataclass(frozen=True)
class Example:
    """Files before, arguments, and the files that must be different (or new) after. Used as a test."""

    before: Mapping[str, str]
    args: Args
    after: Mapping[str, str]


@dataclass(frozen=True)
class Recipe:
    """One recipe. ``reads`` tells which of the repository's paths it wants to read for these arguments."""

    name: str
    summary: str
    params: Mapping[str, Any]
    apply: Callable[[RepoFiles, Args], list[FileEdit]]
    reads: Callable[[Sequence[str], Args], list[str]]
    examples: tuple[Example, ...] = field(default=())

    def check_args(self, args: Args) -> None:
        """Raise UsageError when the arguments do not fit ``params``."""
        properties: Mapping[str, Any] = self.params.get("properties", {})
        for name in args:
            if name not in properties:
                known = ", ".join(properties) or "none"
                raise UsageError(f"The recipe {self.name} has no argument {name!r}.", next=f"Its arguments: {known}.")
        for name in self.params.get("required", ()):
            if args.get(name) in (None, ""):
                raise UsageError(
                    f"The recipe {self.name} needs the argument {name!r}.",
                    why=f"{name!r} means {properties[name]['description']}."
                    if properties[name].get("description")
                    else "",
                    next=f"Give it with --arg {name}=VALUE.",
                )
        for name, value in args.items():
            problem = _type_problem(properties[name], value)
            if problem:
                raise UsageError(f"The argument {name!r} of {self.name} is not usable: {problem}.")


@cache
def get_recipe(name: str) -> Recipe:
    """The recipe of this name; raises UsageError with the nearest name when there is none."""
    module = _MODULES.get(name)
    if module is None:
        near = difflib.get_close_matches(name, _MODULES, n=1, cutoff=0.4)
        raise UsageError(
            f"There is no recipe {name!r}.",
            why=f"Did you mean {near[0]}?" if near else "",
            next="`recipes` lists them all.",
        )
    recipe = importlib.import_module(f"nootropic_kernel.checks.recipes.{module}").RECIPE
    assert isinstance(recipe, Recipe)
    return recipe


def list_recipes() -> list[Recipe]:
    """Every recipe, in the order in which they are shown."""
    return [get_recipe(name) for name in _MODULES]


def _type_problem(schema: Mapping[str, Any], value: Any) -> str:
    kind = schema.get("type", "string")
    if kind == "string":
        return "" if isinstance(value, str) else f"a text is wanted, not {value!r}"
    if kind == "array":
        if not isinstance(value, (list, tuple)):
            return f"a list is wanted, not {value!r}"
        return next(filter(None, (_type_problem(schema.get("items", {}), item) for item in value)), "")
    if kind == "object":
        if not isinstance(value, Mapping):
            return f"an object is wanted, not {value!r}"
        missing = [name for name in schema.get("required", ()) if not value.get(name)]
        return f"{missing[0]!r} is missing in {dict(value)!r}" if missing else ""
    return ""
