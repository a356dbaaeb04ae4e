"""`python.entry_point`: `python -m package` with a small command line, and its test."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.packages import Package, clean_path, find_package
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Write `__main__.py` and its test; what is there already stays."""
    package = find_package(files, args["package_dir"])
    if not any(path.startswith(f"{package.folder}/") and path.endswith(".py") for path in files.paths()):
        raise RecipeRefused(f"There is no package in {package.folder}.", next="Name the folder of an existing package.")
    edits = []
    if files.read(f"{package.folder}/__main__.py") is None:
        edits.append(FileEdit(f"{package.folder}/__main__.py", None, _main_source(package).encode()))
        test_path = f"{package.tests}/test_{_flat(package)}_main.py"
        if files.read(test_path) is None:
            edits.append(FileEdit(test_path, None, _test_source(package).encode()))
    return edits


def _flat(package: Package) -> str:
    return package.import_name.replace(".", "_")


def _main_source(package: Package) -> str:
    name = package.import_name
    return f'''"""The command line of {name}: `python -m {name}`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="{name}")
    parser.add_argument("--names", action="store_true", help="list the public names of the package")
    chosen = parser.parse_args(arguments)
    if not chosen.names:
        parser.print_help()
        return 0
    package = importlib.import_module("{name}")
    for name in getattr(package, "__all__", None) or sorted(n for n in vars(package) if not n.startswith("_")):
        print(name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
'''


def _test_source(package: Package) -> str:
    name = package.import_name
    return f'''"""The command line of {name} starts and lists its names."""

import pytest

from {name}.__main__ import main


def test_help_is_shown_without_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "{name}" in capsys.readouterr().out


def test_names_are_listed() -> None:
    assert main(["--names"]) == 0
'''


def reads(paths: Sequence[str], args: Args) -> list[str]:
    folder = clean_path(args["package_dir"])
    return [path for path in paths if path == f"{folder}/__main__.py" or path.endswith("_main.py")]


RECIPE = Recipe(
    name="python.entry_point",
    summary="Make a package runnable with `python -m`, with a small command line and its test.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["package_dir"],
        "properties": {
            "package_dir": {"type": "string", "description": "the package's folder, like `library` or `src/library`"}
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"library/__init__.py": "", "library/__main__.py": "print(1)\n"},
            args={"package_dir": "library"},
            after={},
        ),
    ),
)
