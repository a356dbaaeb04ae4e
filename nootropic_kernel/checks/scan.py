"""The scan of a change before it is shown: does it parse, are its names defined, does it carry a secret, does it touch
what runs by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from nootropic_kernel.changes.changeset import ChangeSet, FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.names import removed_names, undefined_names
from nootropic_kernel.checks.parsing import parse_problem
from nootropic_kernel.workspace.rules import is_executable_at_import, lexical_fault

REDACTED = "[secret removed]"
VOUCHED = "Nootropic's own scan"

_KEY = "(?:[A-Z]+ )*PRIVATE KEY-----"
_START = "(?<![A-Za-z0-9])"  # not a word's boundary: names end with an underscore, too
_SECRETS = {
    # To its end where that is there, also within quotes; else as far as lines look like one.
    "a private key": re.compile(
        rf"-----BEGIN {_KEY}"
        rf"(?:(?:(?!-----)[\w+/=\s\\\"',:;.()-]){{0,20000}}-----END {_KEY}|(?:\s+[A-Za-z0-9+/=]{{16,}})*)"
    ),
    "an AWS key id": re.compile(rf"{_START}(?:AKIA|ASIA)[0-9A-Z]{{16}}\b"),
    "a GitHub token": re.compile(rf"{_START}(?:gh[pousr]_[A-Za-z0-9]{{36,}}|github_pat_[A-Za-z0-9_]{{50,}})\b"),
    "a model provider's key": re.compile(rf"{_START}(?:sk|pk|rk)-(?:ant-|proj-|live-|test-)?[A-Za-z0-9_-]{{20,}}\b"),
    "a Slack token": re.compile(rf"{_START}xox[abprs]-[A-Za-z0-9-]{{10,}}\b"),
    "a Hugging Face token": re.compile(rf"{_START}hf_[A-Za-z0-9]{{30,}}\b"),
    "a Google key": re.compile(rf"{_START}AIza[0-9A-Za-z_-]{{35}}\b"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"{}<>]+:[^\s/:@'\"{}<>$]{6,}@[\w.-]+"),
    "a JSON web token": re.compile(rf"{_START}eyJ[A-Za-z0-9_-]{{10,}}\.eyJ[A-Za-z0-9_-]{{10,}}\.[A-Za-z0-9_-]{{10,}}"),
    "a value assigned to a secret's name": re.compile(
        r"""(?i)\b[\w-]*(?:api_?key|secret|passwd|password|access_?token|auth_?token)["']?\s*[:=]\s*["'](?!\{|<|\$|%)"""
        r"""(?=[^"'\s]*\d)[A-Za-z0-9+/_=.-]{16,}["']"""
    ),
}


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


def secrets_in(text: str) -> list[tuple[int, str]]:
    """The lines of a text that look like a secret, and what they look like; never the secret itself."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for name, pattern in _SECRETS.items():
            if pattern.search(line):
                found.append((number, name))
                break
    return found


def redact(text: str) -> str:
    """The text with what looks like a secret replaced by `REDACTED`: what goes to a model goes through this."""
    for pattern in _SECRETS.values():
        text = pattern.sub(REDACTED, text)
    return text


def _parse_finding(edit: FileEdit) -> str:
    assert edit.new is not None
    problem = parse_problem(edit.path, edit.new)
    if problem and edit.base is not None and parse_problem(edit.path, edit.base):
        return ""  # it did not parse before either: not this change's doing
    return f"{edit.path}: {problem}" if problem else ""


def _secret_finding(edit: FileEdit) -> str:
    assert edit.new is not None
    old = set((edit.base or b"").decode("utf-8", "replace").splitlines())
    lines = edit.new.decode("utf-8", "replace").splitlines()
    fresh = [(number, line) for number, line in enumerate(lines, start=1) if line not in old]
    for number, line in fresh:
        for _, name in secrets_in(line):
            return f"{edit.path}:{number} looks like {name}"
    return ""


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
