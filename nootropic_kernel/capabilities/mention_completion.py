"""What a mention that is being typed may become: files, proposals, tasks and live variables. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from nootropic_kernel.capabilities.candidates import Candidate, paths, proposals, tasks
from nootropic_kernel.models.mentions import find_mentions
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import lexical_fault

_MOST = 50


def mentioned(workspace: Workspace, current: str, names: Sequence[str] = ()) -> list[Candidate]:
    """Return what the word ``current``, which begins with ``@``, may become; what it begins like comes first.

    :param names: the live variables.
    """
    typed = current.removeprefix("@")
    candidates: Iterator[Candidate] = iter(())
    if not typed.startswith(("file:", "cell:")):
        candidates = _named(workspace, typed, names)
    found = [*candidates, *_files(workspace, typed.removeprefix("file:").lstrip('"'))]
    return found[:_MOST]


def written(path: str) -> str:
    """A file as a mention of it is written, in the shortest form that is read as that file again."""
    for form in (f"@{path}", f"@file:{path}", f'@file:"{path}"'):
        if [(each.kind, each.name) for each in find_mentions(form)] == [("file", path)]:
            return form
    return ""


def _named(workspace: Workspace, typed: str, names: Sequence[str]) -> Iterator[Candidate]:
    known = [Candidate(name, "live variable") for name in names]
    known += [each for each in proposals(workspace, "") if each.text.isalnum()]
    for each in [*known, *tasks(workspace)]:
        if each.text.startswith(typed):
            yield Candidate(f"@{each.text}", each.about)


def _files(workspace: Workspace, typed: str) -> list[Candidate]:
    """Files that begin as typed, and those whose name does, wherever they lie."""
    try:
        listed = Git(workspace.root).files() if workspace.has_git else []
    except NootropicError:
        listed = []
    if not listed:
        listed = [each.text for each in paths(workspace.root, typed) if not each.text.endswith("/")]
    seen = [path for path in listed if not lexical_fault(path)]
    lower = typed.lower()
    first = [path for path in seen if path.startswith(typed)]
    other = [
        path for path in seen if lower and path not in first and PurePosixPath(path).name.lower().startswith(lower)
    ]
    forms = ((path, written(path)) for path in [*first, *other][:_MOST])
    return [Candidate(form, "" if form == f"@{path}" else path) for path, form in forms if form]
