"""`project.ci`: a GitHub Actions workflow that runs the tests."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe

PATH = ".github/workflows/ci.yml"
_FOLDER = ".github/workflows/"


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Write one workflow, unless the repository has one that runs pytest already."""
    for path in files.paths():
        if path.startswith(_FOLDER) and path.endswith((".yml", ".yaml")) and b"pytest" in (files.read(path) or b""):
            return []
    return [FileEdit(PATH, files.read(PATH), _workflow(files).encode())]


def _workflow(files: RepoFiles) -> str:
    pyproject = files.read("pyproject.toml")
    install = "python -m pip install pytest"
    if files.read("requirements.txt") is not None:
        install += " -r requirements.txt"
    if pyproject is not None and b"[project]" in pyproject:
        install += " -e ."
    return f"""name: tests

on:
  push:
    branches: [main, master]
  pull_request:

permissions:
  contents: read

jobs:
  tests:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python-version: ["{_lowest(pyproject)}", "3.13"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: ${{{{ matrix.python-version }}}}
      - run: {install}
      - run: python -m pytest
"""


def _lowest(pyproject: bytes | None) -> str:
    try:
        wanted = str(tomllib.loads((pyproject or b"").decode()).get("project", {}).get("requires-python", ""))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        wanted = ""
    for part in wanted.split(","):
        if part.strip().startswith(">=") and part.strip()[2:].strip() not in {"", "3"}:
            return ".".join(part.strip()[2:].strip().split(".")[:2])
    return "3.11"


def reads(paths: Sequence[str], args: Args) -> list[str]:
    return [path for path in paths if path in {"pyproject.toml", "requirements.txt"} or path.startswith(_FOLDER)]


RECIPE = Recipe(
    name="project.ci",
    summary="Add a GitHub Actions workflow that runs the tests.",
    params={"type": "object", "additionalProperties": False, "properties": {}},
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.12"\n'},
            args={},
            after={
                PATH: """name: tests

on:
  push:
    branches: [main, master]
  pull_request:

permissions:
  contents: read

jobs:
  tests:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python-version: ["3.12", "3.13"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: ${{ matrix.python-version }}
      - run: python -m pip install pytest -e .
      - run: python -m pytest
"""
            },
        ),
    ),
)
