"""The runs that a verdict takes: with the change, without it where a doubt is left, and with the tests as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.tests_run.changed import edited_tests, weakened, with_tests_as_they_were
from nootropic_kernel.checks.tests_run.command import TIMEOUT_S, test_command
from nootropic_kernel.checks.tests_run.verdict import VOUCHED, Judged, doubtful, failures, judge, listed, vouched
from nootropic_kernel.runs.effects import Run, RunResult, Step

Trial = Callable[[Sequence[FileEdit]], str]


def tests_step(edits: Sequence[FileEdit], trial: Trial, before: Sequence[FileEdit] = ()) -> Step[CheckResult]:
    """Run the repository's tests on a change and say what they prove.

    Args:
        edits: the change.
        trial: gives edits a name under which a command can be run on the files with them.
        before: the edits that lead to the files without the change.
    """
    command = test_command(edits)
    done: RunResult = yield Run(command, trial(edits), TIMEOUT_S)
    first = judge(done)
    if first.passed is False:
        return (yield from _failed(first, edits, trial(before)))
    doubts = doubtful(first.report) if first.report.started else {}
    if doubts and (lost := (yield from _lost(doubts, trial(before)))):
        told = listed(f"{test} ({doubts[test]})" for test in lost)
        return first.result(False, f"{first.detail}; without the change these ran and passed: {told}")
    if first.passed is None:
        return first.result(None, first.detail)
    touched = edited_tests(edits)
    if not touched:
        return first.result(True, first.detail, vouched(first, "test files unchanged"))
    again: RunResult = yield Run(command, trial(with_tests_as_they_were(edits)), TIMEOUT_S)
    return (yield from _edited(first, judge(again), touched, weakened(edits), trial(before)))


def _failed(first: Judged, edits: Sequence[FileEdit], untouched: str) -> Step[CheckResult]:
    """A run that failed, or was forged: is it the change's doing?"""
    done: RunResult = yield Run(test_command(), untouched, TIMEOUT_S)
    base = judge(done)
    same = f"without this change too: {first.detail}"
    if first.report.faults:
        if not set(first.report.faults) <= set(base.report.faults):
            return first.result(False, first.detail)
        # The repository replaces parts of pytest itself, so less is proved here, with or without the change.
        well = first.report.code == 0 and not first.report.failing
        return first.result(True if well and not edited_tests(edits) else None, f"{first.report.counts}; {same}")
    if base.passed is not False:
        return first.result(False, first.detail)
    if first.report.broken:
        alike = first.detail == base.detail or (
            first.report.broken == base.report.broken and first.report.running == base.report.running
        )
        return first.result(None if alike else False, f"they fail {same}" if alike else first.detail)
    # A run ends after many failures; what was not reached without the change may fail there just as well.
    known = base.report.failing | (set(base.report.collected or ()) - set(base.report.outcomes))
    if not base.report.broken and (new := first.report.failing - known):
        return first.result(False, failures(first.report, new, "fail with this change only"))
    if first.report.failing:
        return first.result(None, failures(first.report, first.report.failing, "they fail without this change too"))
    return first.result(None, f"they fail {same}")


def _lost(doubts: dict[str, str], untouched: str) -> Step[list[str]]:
    """Those of the tests in doubt that run and pass without the change."""
    files = {test.split("::", 1)[0] for test in doubts}
    done: RunResult = yield Run(test_command(only=files), untouched, TIMEOUT_S)
    return sorted(judge(done).report.ran_well() & set(doubts))


def _edited(first: Judged, old: Judged, touched: list[str], weaker: list[str], untouched: str) -> Step[CheckResult]:
    """The change edits tests: what they said before they were edited counts too."""
    told = f"the change edits tests itself ({listed(touched)})"
    if weaker:
        told += f"; weaker now: {listed(weaker)}"
    detail = f"{first.detail}; {told}; as they were: {old.detail}"
    if old.passed:
        return first.result(True, detail, vouched(first, "the tests as they were pass too"))
    failing = old.report.failing
    if old.passed is False and failing and not old.report.faults and not old.report.broken:
        done: RunResult = yield Run(test_command(), untouched, TIMEOUT_S)
        if failing <= judge(done).report.failing and not weaker:
            return first.result(True, f"{detail} (without the change too)", vouched(first, "failing tests mended"))
    if weaker and old.passed is False:
        return first.result(False, detail)
    return first.result(None, f"only the tests that the change edits itself vouch for it: {detail}", VOUCHED)
