"""`project.gitignore`: the lines a Python and Jupyter project wants Git to ignore."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe

_WANTED = (
    "__pycache__/", "*.py[cod]", "*.egg-info/", ".venv/", "build/", "dist/", ".pytest_cache/", ".mypy_cache/",
    ".ruff_cache/", ".coverage", ".ipynb_checkpoints/", ".env", ".nootropic/", ".nootropic-cache/",
)  # fmt: skip


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Append the lines that are missing; what is there stays byte for byte."""
    base = files.read(".gitignore")
    text = (base or b"").decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\r\n" in text else "\n"
    # `name`, `name/` and `/name` ignore the same thing at the top of a repository.
    present = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in _WANTED if line.strip("/") not in present]
    if not missing:
        return []
    if text and not text.endswith("\n"):
        text += newline
    gap = newline if text else ""
    block = "".join(line + newline for line in ["# Python and Jupyter", *missing])
    return [FileEdit(".gitignore", base, (text + gap + block).encode("utf-8", "surrogateescape"))]


def reads(paths: Sequence[str], args: Args) -> list[str]:
    return [path for path in paths if path == ".gitignore"]


RECIPE = Recipe(
    name="project.gitignore",
    summary="Add what a Python and Jupyter project ignores to .gitignore.",
    params={"type": "object", "additionalProperties": False, "properties": {}},
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={".gitignore": "".join(f"{line}\n" for line in _WANTED if line not in {".env", "dist/"}) + "dist\n"},
            args={},
            after={
                ".gitignore": "".join(f"{line}\n" for line in _WANTED if line not in {".env", "dist/"})
                + "dist\n\n# Python and Jupyter\n.env\n"
            },
        ),
    ),
)
