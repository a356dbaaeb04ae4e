"""`pyproject.toml`, `constraints.txt` and `environment.yml` name the same packages, in versions that fit."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("nootropic_kernel", "pipelines/nootropic_pipelines", "jupyter_extension/nootropic_lab")
# Import name → distribution, where one distribution cannot be read off the environment that tests run in.
OWN = {"nootropic_kernel", "nootropic_pipelines", "nootropic_lab", "bootstrap", "tests"}


def asked_for() -> dict[str, Requirement]:
    """Every requirement of every group by normalised name."""
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *(x for group in project["optional-dependencies"].values() for x in group)]
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def conda() -> tuple[list[str], dict[str, str]]:
    """What `environment.yml` asks of conda, and of pip."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    by_pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    pairs = (entry.split("==") for entry in by_pip if not entry.startswith("-"))
    own = [entry for entry in listed if isinstance(entry, str)]
    return own, {canonicalize_name(name): version for name, version in pairs}


def test_the_three_files_name_the_same_packages() -> None:
    asked, (_, by_pip) = set(asked_for()), conda()
    assert by_pip.keys() == asked
    assert asked <= pins().keys()


def test_the_versions_agree() -> None:
    pinned, (_, by_pip) = pins(), conda()
    for name, requirement in asked_for().items():
        assert requirement.specifier.contains(pinned[name], prereleases=True), name
        assert by_pip[name] == pinned[name]


def test_torch_is_pinned_everywhere_and_only_in_learning() -> None:
    assert pins()["torch"] == "2.13.0"
    assert "torch==2.13.0" in PYPROJECT["project"]["optional-dependencies"]["learning"]
    assert not any(line.startswith("torch") for line in PYPROJECT["project"]["dependencies"])


def test_nothing_of_a_graphics_card_is_pinned() -> None:
    assert not [name for name in pins() if name.startswith(("nvidia", "cuda")) or name == "triton"]


def test_conda_brings_what_pip_cannot() -> None:
    own, _ = conda()
    assert {re.split("[<>=]", entry)[0] for entry in own} == {"python", "git", "make", "nodejs", "pip"}
    assert f"python{PYPROJECT['project']['requires-python']}" in own


def third_party_imports(folder: Path) -> dict[str, str]:
    """Top-level names that the Python files of a folder import, each with one file that does."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top not in OWN:
                    found[top] = path.relative_to(ROOT).as_posix()
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_is_asked_for(package: str) -> None:
    asked = asked_for()
    owners = packages_distributions()
    undeclared = {
        name: path
        for name, path in third_party_imports(ROOT / package).items()
        if not {canonicalize_name(owner) for owner in owners.get(name, [name])} & asked.keys()
    }
    assert not undeclared
