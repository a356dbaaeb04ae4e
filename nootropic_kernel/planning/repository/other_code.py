"""Source files in other languages than Python: the names they define and what they import, by their shape alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nootropic_kernel.planning.repository.code_facts import ROUTES

_LONGEST = 400_000  # characters; longer files are made by programs
_DEFINES = re.compile(
    r"\b(?:function\*?|class|interface|trait|struct|enum|type|module|def|fn|fun|func(?:\s*\([^)]*\))?|const|let|var|val"
    r"|object|sub)\s+([A-Za-z_$][\w$]*)"
)
_IMPORTS = re.compile(r"\b(?:require\(|from\s+|import\s*\(?\s*)['\"]([@\w][\w./-]*)['\"]|^\s*use\s+(\w+)", re.M)


@dataclass(frozen=True)
class Source:
    """One source file: the names that it defines, the packages that it imports, and its routes."""

    path: str
    names: frozenset[str]
    imports: frozenset[str]
    routes: frozenset[str] = frozenset()


def read_source(path: str, data: bytes) -> Source:
    """What a file in any of the usual languages defines and imports; nothing of it is run or parsed."""
    text = data.decode("utf-8", "replace")[:_LONGEST]
    found = {one or other for one, other in _IMPORTS.findall(text)}
    packages = {name if name.startswith("@") else name.split("/")[0] for name in found}
    routes = frozenset(ROUTES.findall(text))
    return Source(path, frozenset(_DEFINES.findall(text)), frozenset(packages), routes)
