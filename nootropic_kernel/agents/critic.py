"""The critic: which checks a change fails, and what to tell whoever repairs it."""

from __future__ import annotations

from collections.abc import Iterable

from nootropic_kernel.changes.changeset import ChangeSet
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.scan import scan
from nootropic_kernel.checks.tests_run import (
    NAME,
    TIMEOUT_S,
    VOUCHED,
    edited_tests,
    test_command,
    touches_code,
    verdict,
    why_not_run,
)
from nootropic_kernel.runs.effects import Run, RunResult, Step
from nootropic_kernel.sandbox import SandboxUnavailable
from nootropic_kernel.telemetry.spans import span

ESCALATED = "escalated"
REPAIRS = 2


def check_step(
    changeset: ChangeSet, paths: Iterable[str], trial: str, untouched: str, asked: str = ""
) -> Step[tuple[CheckResult, ...]]:
    """Scan a change and run the repository's tests on it.

    Args:
        changeset: the change.
        paths: the repository's files, those of the change included.
        trial: names the files with the change applied.
        untouched: names the files as they are; tests that fail there too are not this change's doing.
        asked: what was asked for.
    """
    with span(None, "scan"):
        found = scan(changeset, asked)
    if any(check.passed is False for check in found):
        return tuple(found)  # what does not parse or carries a secret is not run
    paths = tuple(paths)
    command = test_command(paths)
    if not touches_code(changeset.files):
        return tuple(found)
    if command is None:
        return (*found, CheckResult(NAME, None, why_not_run(paths), "nobody"))
    try:
        done: RunResult = yield Run(command, trial, TIMEOUT_S)
        result = verdict(done.code, done.output, done.errors, done.level, done.limits)
        if result.passed is False:
            before: RunResult = yield Run(command, untouched, TIMEOUT_S)
            if verdict(before.code, before.output, before.errors, before.level, before.limits).passed is False:
                result = CheckResult(NAME, None, f"they fail without this change too: {result.detail}", VOUCHED)
        elif result.passed and (changed := edited_tests(changeset.files)):
            detail = f"{result.detail}; the change edits tests itself: {', '.join(changed)}"
            result = CheckResult(NAME, True, detail, VOUCHED)
    except SandboxUnavailable as problem:
        result = CheckResult(NAME, None, str(problem), "nobody")
    return (*found, result)


def failing(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """The checks that say no."""
    return [check for check in checks if check.passed is False]


def critique(checks: Iterable[CheckResult]) -> str:
    """What the failing checks found, for the model that repairs. Output of tests is data, and is fenced."""
    return "\n".join(f"{check.name}:\n```\n{check.detail[-2000:]}\n```" for check in failing(checks))


def escalation(checks: Iterable[CheckResult], repairs: int) -> CheckResult:
    """The note that a person has to take over."""
    names = ", ".join(check.name for check in failing(checks))
    tried = f" after {repairs} repairs" if repairs else ""
    return CheckResult(ESCALATED, False, f"still failing{tried}: {names}; a person decides what to do", "nobody")
