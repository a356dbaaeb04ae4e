"""The critic: which checks a change fails, and what to tell whoever repairs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nootropic_kernel.changes.changeset import ChangeSet, FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.scan import scan
from nootropic_kernel.checks.tests_run import NAME, tests_step, why_not_run
from nootropic_kernel.checks.tests_run.changed import touches_code
from nootropic_kernel.runs.effects import Step
from nootropic_kernel.sandbox import SandboxUnavailable
from nootropic_kernel.telemetry.spans import span

ESCALATED = "escalated"
REPAIRS = 2
# Of what a check said, so much of its beginning, where the first traceback is, and of its end goes to a model.
_HEAD, _TAIL = 2400, 600


def check_step(
    changeset: ChangeSet,
    paths: Iterable[str],
    trial: Callable[[Sequence[FileEdit]], str],
    before: Sequence[FileEdit] = (),
    asked: str = "",
) -> Step[tuple[CheckResult, ...]]:
    """Scan a change and run the repository's tests on it.

    Args:
        changeset: the change.
        paths: the repository's files, those of the change included.
        trial: gives edits a name under which a command can be run on the files with them.
        before: the edits that lead to the files without the change; tests that fail there too are not its doing.
        asked: what was asked for.
    """
    with span(None, "scan"):
        found = scan(changeset, asked)
    if any(check.passed is False for check in found):
        return tuple(found)  # what does not parse or carries a secret is not run
    if not touches_code(changeset.files):
        return tuple(found)
    if why := why_not_run(paths):
        return (*found, CheckResult(NAME, None, why, "nobody"))
    try:
        result = yield from tests_step(changeset.files, trial, before)
    except SandboxUnavailable as problem:
        result = CheckResult(NAME, None, str(problem), "nobody")
    return (*found, result)


def failing(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """The checks that say no."""
    return [check for check in checks if check.passed is False]


def critique(checks: Iterable[CheckResult]) -> str:
    """What the failing checks found, for the model that repairs. Output of tests is data, and is fenced."""
    return "\n".join(f"{check.name}:\n```\n{_ends(check.detail)}\n```" for check in failing(checks))


def _ends(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n…\n{text[-_TAIL:]}"


def escalation(checks: Iterable[CheckResult], repairs: int) -> CheckResult:
    """The note that a person has to take over."""
    names = ", ".join(check.name for check in failing(checks))
    tried = f" after {repairs} repairs" if repairs else ""
    return CheckResult(ESCALATED, False, f"still failing{tried}: {names}; a person decides what to do", "nobody")
