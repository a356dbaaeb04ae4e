"""The scan of a change before it is shown: does it parse, are its names defined, does it carry a secret, does it touch
what runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from nootropic_kernel.changes.changeset import ChangeSet, FileEdit
from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.names import removed_names, undefined_names
from nootropic_kernel.checks.parsing import parse_problem
from nootropic_kernel.workspace.rules import is_executable_at_import, lexical_fault
from nootropic_kernel.workspace.secrets import REDACTED as REDACTED
from nootropic_kernel.workspace.secrets import redact as redact
from nootropic_kernel.workspace.secrets import secrets_in

VOUCHED = "Nootropic's own scan"


def scan(changeset: ChangeSet, asked: str = "") -> list[CheckResult]:
    """The results for every changed file together, one for each check.

    Args:
        changeset: the change.
        asked: what was asked for, so that a name whose removal was asked for is not noted.
    """
    edits = [edit for edit in changeset.files if edit.new is not None]
    names = undefined_names(changeset.files), removed_names(changeset.files, asked)
    return [
        _result("parses", edits, _parse_finding, "every changed file parses"),
        *(check for check in names if check is not None),
        _result("secrets", edits, _secret_finding, "no secret in what is added"),
        _protected(changeset.files),
    ]


def _parse_finding(edit: FileEdit) -> str:
    assert edit.new is not None
    problem = parse_problem(edit.path, edit.new)
    if problem and edit.base is not None and parse_problem(edit.path, edit.base):
        return ""  # it did not parse before either: not this change's doing
    return f"{edit.path}: {problem}" if problem else ""


def _secret_finding(edit: FileEdit) -> str:
    assert edit.new is not None
    old = set(_text(edit.base or b"").splitlines())
    lines = _text(edit.new).splitlines()
    fresh = [(number, line) for number, line in enumerate(lines, start=1) if line not in old]
    for number, line in fresh:
        for _, name in secrets_in(line):
            return f"{edit.path}:{number} looks like {name}"
    return ""


def _text(data: bytes) -> str:
    return encoding.decode(data) if (encoding := detect(data)) else data.decode("utf-8", "replace")


def _protected(edits: Iterable[FileEdit]) -> CheckResult:
    refused = [f"{path}: {fault}" for edit in edits for path in edit.paths if (fault := lexical_fault(path))]
    if refused:
        return CheckResult("protected files", False, "; ".join(refused), VOUCHED)
    running = [path for edit in edits for path in edit.paths if is_executable_at_import(path)]
    if running:
        names = ", ".join(sorted({PurePosixPath(path).as_posix() for path in running}))
        detail = f"{names} can run by itself; accepting it needs your own yes"
        return CheckResult("protected files", None, detail, VOUCHED)
    return CheckResult("protected files", True, "no file that runs by itself", VOUCHED)


def _result(name: str, edits: Iterable[FileEdit], finding: Callable[[FileEdit], str], fine: str) -> CheckResult:
    found = [text for edit in edits if (text := finding(edit))]
    return CheckResult(name, not found, "; ".join(found) or fine, VOUCHED)
