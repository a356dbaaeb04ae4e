"""What a plan needs to know about a repository, read from its files without running any of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from nootropic_kernel.planning.repository.code_facts import Cell as Cell
from nootropic_kernel.planning.repository.code_facts import Module as Module
from nootropic_kernel.planning.repository.code_facts import Symbol as Symbol
from nootropic_kernel.planning.repository.code_facts import import_name as import_name
from nootropic_kernel.planning.repository.code_facts import module_name as module_name
from nootropic_kernel.planning.repository.code_facts import read_module, read_notebook
from nootropic_kernel.planning.repository.other_code import Source, read_source
from nootropic_kernel.planning.repository.tooling import NOTHING_THERE, Tooling, read_tooling

_LANGUAGES = {
    ".py": "python", ".js": "javascript", ".jsx": "javascript", ".ts": "typescript", ".tsx": "typescript",
    ".go": "go", ".rs": "rust", ".java": "java", ".rb": "ruby", ".php": "php", ".cs": "csharp", ".c": "c",
    ".cpp": "c++", ".kt": "kotlin", ".swift": "swift", ".r": "r", ".jl": "julia",
}  # fmt: skip
_BY_MANIFEST = {
    "package.json": "javascript",
    "Cargo.toml": "rust",
    "go.mod": "go",
    "pom.xml": "java",
    "Gemfile": "ruby",
}
_NOT_A_PACKAGE = frozenset(
    {"test", "tests", "testing", "docs", "doc", "examples", "scripts", "build", "dist", "benchmarks"}
)


@dataclass(frozen=True)
class RepositoryFacts:
    """A repository as planning sees it. ``package_dir`` is ``None`` where there is no Python package."""

    package_dir: str | None = None
    language: str | None = None
    modules: Mapping[str, Module] = field(default_factory=dict)
    notebooks: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    has_readme: bool = False
    has_ci: bool = False
    has_gitignore: bool = False
    has_entry_point: bool = False
    unreadable: tuple[str, ...] = ()
    tooling: Tooling = NOTHING_THERE
    readme_words: frozenset[str] = frozenset()
    sources: Mapping[str, Source] = field(default_factory=dict)  # files in other languages

    @property
    def has_code(self) -> bool:
        """Whether there is anything that a change could be about."""
        return self.language is not None

    @property
    def package(self) -> str | None:
        """The name the package is imported by."""
        return import_name(self.package_dir) if self.package_dir else None

    def usable_notebooks(self) -> list[str]:
        """Notebooks with a code cell, those with an import first, then the shallowest.

        One that itself calls Nootropic is the person's desk, not part of the work: no task changes it.
        """
        usable = [
            path
            for path, cells in self.notebooks.items()
            if any(cell.kind == "code" for cell in cells) and not any(cell.kind == "noo" for cell in cells)
        ]
        return sorted(
            usable,
            key=lambda path: (not any(c.imports for c in self.notebooks[path]), path.count("/"), path),
        )

    def modules_named(self, name: str) -> list[Module]:
        """Modules outside the tests that go by ``name``: ``stats``, ``stats.py``, ``shop.stats`` or a path."""
        wanted = name.strip("`'\"").removeprefix("./")
        dotted = wanted.removesuffix(".py").replace("/", ".")
        return [
            module
            for path, module in sorted(self.modules.items())
            if path not in self.tests
            and (
                path == wanted or dotted in (module.name, module_name(path)) or module_name(path).endswith(f".{dotted}")
            )
        ]

    def defining(self, symbol: str) -> list[Module]:
        """Modules outside the tests that define a public ``symbol`` at their top level."""
        return [
            module
            for path, module in sorted(self.modules.items())
            if path not in self.tests and any(s.name == symbol for s in module.symbols)
        ]

    def places(self, name: str) -> list[str]:
        """The files that a path, folder, module or name of code stands for; tests only where nothing else does."""
        wanted = name.strip("`'\"").removeprefix("./").rstrip("/").removesuffix("()")
        if not wanted:
            return []
        if wanted in self.paths:
            return [wanted]
        if inside := self._inside(wanted):
            return inside
        found = [module.path for module in self.modules_named(wanted)]
        folders = [path.removesuffix("/__init__.py") for path in found if path.endswith("/__init__.py")]
        if folders:
            return self._inside(folders[0])
        last = wanted.rsplit("/", 1)[-1].split(".")[-1]
        if "/" not in wanted and not wanted.endswith((".py", ".ipynb", ".md")):
            found += [module.path for module in self.defining(last)]
            found += [p for p, m in sorted(self.modules.items()) if p not in self.tests and last in m.inner]
            found += [path for path, source in sorted(self.sources.items()) if last in source.names]
        found += [path for path in sorted(self.paths) if path.endswith(f"/{wanted}")]
        if not found:
            found = [path for path in self.tests if path in self.modules and _has(self.modules[path], last)]
        owner, dot, _ = wanted.rpartition(".")
        if not found and dot and "/" not in wanted:  # `Point.distance_to`, which is to be written
            found = [module.path for module in self.defining(owner.rsplit(".", 1)[-1])]
        return list(dict.fromkeys(found))

    def users(self, name: str) -> list[str]:
        """Python files that use a name of code, whoever defines it."""
        return [path for path, module in sorted(self.modules.items()) if module.uses(name)]

    def importing(self, package: str) -> list[str]:
        """Files that import a package, whatever of `-` and `_` and upper case its name is written with."""
        wanted = _package_key(package)
        python = [p for p, m in self.modules.items() if wanted in map(_package_key, m.imports)]
        return sorted([*python, *(p for p, s in self.sources.items() if wanted in map(_package_key, s.imports))])

    def routed(self, route: str) -> list[str]:
        """Files outside the tests in which a route stands: `/search`, or one that begins with it."""
        routes = {path: module.routes for path, module in self.modules.items()}
        routes |= {path: source.routes for path, source in self.sources.items()}
        files = [path for path in sorted(routes) if path not in self.tests]
        exact = [path for path in files if route in routes[path]]
        return exact or [path for path in files if any(known.startswith(f"{route}/") for known in routes[path])]

    def _inside(self, folder: str) -> list[str]:
        every = [path for path in sorted(self.paths) if path.startswith(f"{folder}/")]
        wanted = [path for path in every if path.endswith((".py", ".ipynb"))] or every
        return [path for path in wanted if path not in self.tests] or wanted

    def names(self) -> frozenset[str]:
        """All public symbols outside the tests."""
        return frozenset(
            symbol.name for path, module in self.modules.items() if path not in self.tests for symbol in module.symbols
        )


def read_facts(files: Mapping[str, bytes], paths: Iterable[str] = ()) -> RepositoryFacts:
    """Read facts from file contents.

    :param files: contents by POSIX path: source files, notebooks and manifests; others are looked at by name only.
    :param paths: further paths that exist, whose contents are not needed.
    """
    every = frozenset(files) | frozenset(paths)
    modules, notebooks, sources, unreadable = {}, {}, {}, []
    for path in sorted(files):
        if path.endswith(".py"):
            modules[path] = read_module(path, files[path])
            if not modules[path].readable:
                unreadable.append(path)
        elif path.endswith(".ipynb"):
            cells = read_notebook(files[path])
            if cells is None:
                unreadable.append(path)
            else:
                notebooks[path] = cells
        elif is_source(path):
            sources[path] = read_source(path, files[path])
    package_dir = _package_dir(every)
    language = _language(every)
    tooling = read_tooling(files, every, language)
    return RepositoryFacts(
        package_dir=package_dir,
        language=language,
        modules=modules,
        notebooks=notebooks,
        tests=tuple(path for path in sorted(every) if is_test(path)),
        paths=every,
        has_readme=bool(tooling.readme),
        has_ci=bool(tooling.ci),
        has_gitignore=".gitignore" in every,
        has_entry_point=f"{package_dir}/__main__.py" in every if package_dir else False,
        unreadable=tuple(unreadable),
        tooling=tooling,
        readme_words=frozenset(re.findall(r"\w+", files.get(tooling.readme, b"").decode("utf-8", "replace"))),
        sources=sources,
    )


def is_document(path: str) -> bool:
    """Whether a file is text for people: a fault in it is no fault of the program."""
    return PurePosixPath(path).suffix.lower() in (".md", ".rst", ".txt", ".adoc")


def is_source(path: str) -> bool:
    """Whether a file holds code in one of the languages that are known here."""
    return PurePosixPath(path).suffix.lower() in _LANGUAGES


def _has(module: Module, name: str) -> bool:
    return name in module.inner or any(symbol.name == name for symbol in module.symbols)


def _package_key(name: str) -> str:
    return name.lower().replace("-", "_")


def is_test(path: str) -> bool:
    """Whether a Python file holds tests."""
    pure = PurePosixPath(path)
    if pure.suffix != ".py":
        return False
    in_folder = bool({"test", "tests"} & set(pure.parts[:-1]))
    return in_folder or pure.name == "conftest.py" or pure.name.startswith("test_") or pure.stem.endswith("_test")


def _language(paths: frozenset[str]) -> str | None:
    """The language most files are in; Python already where its manifest or a notebook says so."""
    counts = Counter(
        language for path in paths if (language := _LANGUAGES.get(PurePosixPath(path).suffix.lower())) is not None
    )
    others = max((count for language, count in counts.items() if language != "python"), default=0)
    manifest = bool({"pyproject.toml", "setup.py", "requirements.txt"} & paths)
    notebook = any(path.endswith(".ipynb") for path in paths)
    if counts["python"] and (manifest or notebook or 2 * counts["python"] >= others):
        return "python"
    if others:
        return min(counts, key=lambda language: (-counts[language], language))
    if notebook or manifest:
        return "python"
    return next((language for name, language in _BY_MANIFEST.items() if name in paths), None)


def _package_dir(paths: frozenset[str]) -> str | None:
    """The shallowest folder with an ``__init__.py``; among equals the one with most files."""
    folders = [
        PurePosixPath(path).parent
        for path in paths
        if PurePosixPath(path).name == "__init__.py" and len(PurePosixPath(path).parts) > 1
    ]
    fitting = [
        folder
        for folder in folders
        if not _NOT_A_PACKAGE & {part.lower() for part in folder.parts}
        and all(part.isidentifier() for part in folder.parts)
    ]
    if not fitting:
        return None

    def rank(folder: PurePosixPath) -> tuple[int, int, str]:
        size = sum(path.startswith(f"{folder}/") and path.endswith(".py") for path in paths)
        return len([part for part in folder.parts if part != "src"]), -size, str(folder)

    return str(min(fitting, key=rank))
