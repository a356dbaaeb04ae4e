"""What every recipe must pass before its edits are shown: it compiles, and a second run changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.parsing import parse_problem
from nootropic_kernel.checks.recipes.files import MemoryFiles, RepoFiles
from nootropic_kernel.checks.recipes.registry import Args, Recipe, RecipeRefused
from nootropic_kernel.workspace.errors import NootropicError


@dataclass(frozen=True)
class RecipeOutcome:
    """The edits of a recipe, and which gates they passed (name, detail)."""

    recipe: str
    edits: tuple[FileEdit, ...]
    gates: tuple[tuple[str, str], ...]


def run_recipe(recipe: Recipe, files: RepoFiles, args: Args) -> RecipeOutcome:
    """Apply a recipe through its gates. No edits means that everything it would do is there already.

    Raises UsageError for bad arguments and RecipeRefused when it does not apply, breaks on these files, writes
    something that does not parse, or would change its own result again.
    """
    recipe.check_args(args)
    edits = _apply(recipe, files, args)
    for edit in edits:
        if edit.new is None:
            continue
        problem = parse_problem(edit.path, edit.new)
        before = parse_problem(edit.path, edit.base) if edit.base is not None else None
        if problem and not before:
            raise RecipeRefused(
                f"The recipe {recipe.name} would leave {edit.path} broken, so nothing was changed.",
                why=problem,
                next="Do this one by hand, and report the file that provokes it.",
            )
    contents = {path: data for path in files.paths() if (data := files.read(path)) is not None}
    after = MemoryFiles(contents, files.paths()).with_edits(edits)
    again = _apply(recipe, after, args)
    if again:
        raise RecipeRefused(
            f"The recipe {recipe.name} does not settle: a second run would change {again[0].path} again.",
            why="A recipe must give the same files however often it runs.",
            next="Do this one by hand, and report the file that provokes it.",
        )
    gates = (
        ("compiles", f"{len(edits)} changed file(s) parse"),
        ("idempotent", "a second run changes nothing"),
    )
    return RecipeOutcome(recipe.name, tuple(edits), gates)


def _apply(recipe: Recipe, files: RepoFiles, args: Args) -> list[FileEdit]:
    try:
        edits = recipe.apply(files, args)
    except NootropicError:
        raise
    except Exception as problem:
        raise RecipeRefused(
            f"The recipe {recipe.name} failed on these files and changed nothing.",
            why=f"{type(problem).__name__}: {problem}",
            next="Do this one by hand, and report the files that provoke it.",
        ) from problem
    return [edit for edit in edits if edit.base != edit.new or edit.renamed_from or edit.mode is not None]
