"""Where a package lies: its import name, and the folder its tests belong to, in flat and src layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.registry import RecipeRefused


@dataclass(frozen=True)
class Package:
    """A package folder (`src/library`), its import name (`library`) and the folder of its tests (`tests`)."""

    folder: str
    import_name: str
    tests: str

    @property
    def init(self) -> str:
        return f"{self.folder}/__init__.py"

    def module_path(self, module: str) -> str:
        return f"{self.folder}/{module}.py"


def find_package(files: RepoFiles, package_dir: str) -> Package:
    """Locate the package; raises RecipeRefused for a folder that cannot be one."""
    folder = clean_path(package_dir)
    if folder == "." or not PurePosixPath(folder).name.isidentifier():
        raise RecipeRefused(
            f"{package_dir!r} is not a package folder.",
            why="A package is a folder whose name Python accepts.",
            next="Name it relative to the repository, like `library` or `src/library`.",
        )
    paths = set(files.paths())
    if any(path == folder for path in paths):
        raise RecipeRefused(f"{folder} is a file, not a package folder.")
    parts = list(PurePosixPath(folder).parts)
    names = [parts.pop()]
    while parts and parts[-1] != "src" and "/".join([*parts, "__init__.py"]) in paths:
        names.insert(0, parts.pop())
    if parts and parts[-1] == "src":
        parts.pop()
    project = "/".join(parts)
    return Package(folder, ".".join(names), _tests_folder(paths, folder, project))


def module_name(path: str, paths: set[str]) -> str:
    """The dotted import name of a Python file, as far as `__init__.py` files and `src` folders tell."""
    pure = PurePosixPath(path)
    names = [] if pure.stem == "__init__" else [pure.stem]
    parts = list(pure.parent.parts)
    first = True
    while parts and parts[-1] != "src":
        if "/".join([*parts, "__init__.py"]) not in paths and not (first and pure.stem == "__init__"):
            break
        names.insert(0, parts.pop())
        first = False
    return ".".join(names)


def clean_path(path: str) -> str:
    """A relative path with `/`; raises RecipeRefused when it is absolute or climbs out of the repository."""
    pure = PurePosixPath(path.replace("\\", "/").strip())
    if pure.is_absolute() or ".." in pure.parts or (pure.parts and ":" in pure.parts[0]):
        raise RecipeRefused(f"{path!r} does not lie inside the repository.")
    return pure.as_posix()


def _tests_folder(paths: set[str], folder: str, project: str) -> str:
    prefix = f"{project}/" if project else ""
    for candidate in (f"{prefix}tests", f"{prefix}test", f"{folder}/tests", "tests", "test"):
        if any(path.startswith(f"{candidate}/") and path.endswith(".py") for path in paths):
            return candidate
    return f"{prefix}tests"
