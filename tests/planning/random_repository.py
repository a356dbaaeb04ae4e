"""Small Python repositories and briefs made at random from a seed: packages, functions, classes, notebooks.

Names are made of syllables, so that no planner can know them beforehand.
"""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "no", "pi", "ra", "so", "tu", "va", "wen", "xi", "zor")
_THINGS = ("kettle", "orchard", "violin", "lantern", "glacier", "saddle", "beacon", "turnip", "anvil", "quilt")
_PHRASES = (
    "Keep records of {one} and {two}",
    "Build a web site for {one}s with {two}s",
    "Write a command line tool that tracks {one}s",
    "A REST API for {one}s and their {two}s, with due dates",
    "Build a blog platform",
    "Add a cart and coupons to the shop",
    "Track borrowed {one}s for a library with due dates",
)


@dataclass(frozen=True)
class RandomRepository:
    """Files by path, and the names a test needs to write a brief about them."""

    files: dict[str, bytes]
    package: str
    modules: tuple[str, ...]
    functions: dict[str, str]  # name → path
    notebook: str | None

    def write(self, root: Path) -> Path:
        """Put the files under ``root`` as a Git repository with one commit."""
        for path, data in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Start"]):
            subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
        return root


def word(rng: random.Random) -> str:
    """A made-up word that is no English word and no Python name."""
    return "".join(rng.sample(_SYLLABLES, 3))


def random_repository(
    rng: random.Random, *, notebook: bool | None = None, package: bool | None = None
) -> RandomRepository:
    """A repository with one to three modules, in a package (flat or under ``src``) or beside each other."""
    with_package = rng.random() < 0.8 if package is None else package
    with_notebook = rng.random() < 0.8 if notebook is None else notebook
    name = word(rng)
    folder = rng.choice(["", "src/"]) + name if with_package else ""
    files: dict[str, bytes] = {}
    functions: dict[str, str] = {}
    modules = []
    if with_package:
        files[f"{folder}/__init__.py"] = rng.choice([b"", f'"""The {name} package."""\n'.encode()])
    for _ in range(rng.randint(1, 3)):
        module = word(rng)
        path = f"{folder}/{module}.py" if folder else f"{module}.py"
        names = [f"{word(rng)}_{word(rng)}" for _ in range(rng.randint(2, 4))]
        files[path] = _module(rng, names).encode()
        modules.append(path)
        functions |= dict.fromkeys(names, path)
    dotted = modules[0].removeprefix("src/").removesuffix(".py").replace("/", ".")
    used = next(name for name, path in functions.items() if path == modules[0])
    if rng.random() < 0.5:
        files["README.md"] = f"# {name.capitalize()}\n\nAbout {name}.\n".encode()
    place = None
    if with_notebook:
        place = rng.choice(["", "notebooks/"]) + f"{word(rng)}.ipynb"
        files[place] = _notebook(rng, dotted, used)
    return RandomRepository(files, name if with_package else "", tuple(modules), functions, place)


def random_brief(rng: random.Random, repository: RandomRepository, *, about_things: bool = False) -> str:
    """A brief: about made-up things, or (unless ``about_things``) about names of the repository."""
    one, two = rng.sample(_THINGS, 2)
    name, path = rng.choice(sorted(repository.functions.items()))
    module = path.rsplit("/", 1)[-1].removesuffix(".py")
    things = [phrase.format(one=one, two=two) for phrase in _PHRASES]
    if about_things:
        return rng.choice(things)
    return rng.choice(
        [
            *things,
            f"Rename {name} to {word(rng)}_{word(rng)} everywhere",
            f"Write docs for the {module} module",
            f"Fix the crash in {name} when its argument is zero",
        ]
    )


def _module(rng: random.Random, names: list[str]) -> str:
    parts = [f'"""Made at random: {rng.randrange(10**6)}."""\n'] if rng.random() < 0.5 else ["import math\n"]
    for name in names:
        documented = '    """Say something."""\n' if rng.random() < 0.2 else ""
        parts.append(f"\n\ndef {name}(value: int) -> int:\n{documented}    return value + {rng.randrange(100)}\n")
    return "".join(parts)


def _notebook(rng: random.Random, module: str, function: str) -> bytes:
    sources: list[tuple[str, str]] = [
        ("markdown", f"# {word(rng).capitalize()}"),
        ("code", f"import math\nfrom {module} import {function}"),
        ("code", f"{function}({rng.randrange(100)})"),
    ]
    sources += [("code", f"{word(rng)} = {rng.randrange(100)}") for _ in range(rng.randint(0, 2))]
    cells: list[dict[str, Any]] = []
    for index, (kind, source) in enumerate(sources):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell{index}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append({**cell, "source": source.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(document, indent=1) + "\n").encode()
