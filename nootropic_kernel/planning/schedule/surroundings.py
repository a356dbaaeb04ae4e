"""Which stories are round the code and not part of what it does: they are the first to wait for a larger budget."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from nootropic_kernel.planning.model import GONE, Plan
from nootropic_kernel.planning.repository.tooling import MANIFESTS

_FOLDERS = frozenset({".github", ".gitlab", ".circleci", "docs", "doc"})
_NAMES = re.compile(r"(readme|changelog|contributing|licen[cs]e)(\.\w+)?|\.git\w+|\.gitlab-ci\.yml|\.\w+rc", re.I)


def surroundings(plan: Plan) -> set[str]:
    """The stories whose tasks write manifests, documents and settings of Git and CI only; none where all do."""
    files: dict[str, list[str]] = {}
    for task in plan.tasks:
        if task.status not in GONE:
            files.setdefault(task.story, []).extend(task.files or [""])
    around = {story for story, paths in files.items() if all(_around(path) for path in paths)}
    return around if len(around) < len(files) else set()


def _around(path: str) -> bool:
    pure = PurePosixPath(path)
    named = pure.name in MANIFESTS or _NAMES.fullmatch(pure.name) is not None
    return named or bool(_FOLDERS & set(pure.parts[:1]))
