"""Every recipe's own examples, and the gates each recipe runs through."""

from __future__ import annotations

import pytest

from nootropic_kernel.checks.recipes import (
    Example,
    MemoryFiles,
    Recipe,
    RecipeRefused,
    get_recipe,
    list_recipes,
    run_recipe,
)
from nootropic_kernel.workspace.errors import UsageError

CASES = [(recipe, example) for recipe in list_recipes() for example in recipe.examples]


@pytest.mark.parametrize(("recipe", "example"), CASES, ids=[f"{r.name}-{i}" for i, (r, _) in enumerate(CASES)])
def test_an_example_gives_exactly_its_after(recipe: Recipe, example: Example) -> None:
    before = {path: text.encode() for path, text in example.before.items()}
    wanted = set(recipe.reads(sorted(before), example.args))
    files = MemoryFiles({path: data for path, data in before.items() if path in wanted}, before)
    changed = {edit.path: (edit.new or b"").decode() for edit in run_recipe(recipe, files, example.args).edits}
    assert {path: changed.get(path) for path in example.after} == dict(example.after)


def test_every_recipe_has_an_example_and_a_summary() -> None:
    assert all(recipe.examples and recipe.summary.endswith(".") for recipe in list_recipes())


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"python\.entity"):
        get_recipe("python.entitty")


@pytest.mark.parametrize(
    ("args", "message"),
    [({}, "needs the argument"), ({"package_dir": 3, "entity": "x"}, "text is wanted"), ({"nope": "x"}, "no argument")],
)
def test_bad_arguments_are_usage_errors(args: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_recipe(get_recipe("python.entity"), MemoryFiles({}), args)


def _broken(recipe_apply: object) -> Recipe:
    return Recipe("test.broken", "Break.", {"properties": {}}, recipe_apply, lambda paths, args: [])  # type: ignore[arg-type]


def test_a_recipe_that_writes_broken_python_is_stopped() -> None:
    from nootropic_kernel.changes.changeset import FileEdit

    recipe = _broken(lambda files, args: [FileEdit("a.py", None, b"def (")] if files.read("a.py") is None else [])
    with pytest.raises(RecipeRefused, match="broken"):
        run_recipe(recipe, MemoryFiles({}), {})


def test_a_recipe_that_never_settles_is_stopped() -> None:
    from nootropic_kernel.changes.changeset import FileEdit

    recipe = _broken(lambda files, args: [FileEdit("a", files.read("a"), (files.read("a") or b"") + b"x")])
    with pytest.raises(RecipeRefused, match="settle"):
        run_recipe(recipe, MemoryFiles({}), {})


def test_a_recipe_that_raises_is_reported_not_propagated() -> None:
    recipe = _broken(lambda files, args: 1 / 0)
    with pytest.raises(RecipeRefused, match="ZeroDivisionError"):
        run_recipe(recipe, MemoryFiles({}), {})
