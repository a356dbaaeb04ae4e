"""The packages that a repository declares it depends on, by its manifests."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_NAME = re.compile(r"\s*(@?[A-Za-z][\w./-]*)")
_SETUP = re.compile(
    r"(?:install_requires|extras_require|tests_require)\s*=\s*[\[{](.*?)[\]}]\s*(?:,|\)|$)", re.S | re.M
)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")
_GO = re.compile(r"^\s*(?:require\s+)?[\w.-]+\.[a-z]+/\S*?([\w.-]+?)(?:/v\d+)?\s+v\d", re.M)


def packages_of(texts: Mapping[str, str]) -> frozenset[str]:
    """The names of packages in manifests, in lower case; a broken manifest declares none."""
    found: set[str] = set()
    for path, text in texts.items():
        found |= {name.lower() for name in _names(path, text)}
    return frozenset(found - {"python"})


def _names(path: str, text: str) -> Iterable[str]:
    if path.startswith("requirements"):
        return _first_words(text.splitlines())
    if path in ("setup.py", "setup.cfg"):
        return _first_words(part for block in _SETUP.findall(text) for part in _QUOTED.findall(block))
    if path == "package.json":
        return _keys(_json(text), ("dependencies", "devDependencies", "peerDependencies"))
    if path == "go.mod":
        return _GO.findall(text)
    if path in ("pyproject.toml", "Cargo.toml", "Pipfile"):
        return _toml_names(text)
    return ()


def _toml_names(text: str) -> Iterator[str]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    project = _table(document, "project")
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += _table(document, "dependency-groups").values()
    for each in lists:
        if isinstance(each, list):
            yield from _first_words(item for item in each if isinstance(item, str))
    poetry = _table(_table(document, "tool"), "poetry")
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values() if isinstance(group, dict)]
    tables = [_table(poetry, "dependencies"), *groups]
    tables += [_table(document, name) for name in ("dependencies", "dev-dependencies", "packages", "dev-packages")]
    for table in tables:
        yield from map(str, table)


def _table(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _keys(of: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from _table(of, name)


def _first_words(lines: Iterable[str]) -> Iterator[str]:
    yield from (found.group(1) for line in lines if (found := _NAME.match(line)))
