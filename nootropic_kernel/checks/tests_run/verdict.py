"""What one run of the tests says, and what several of them say together."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.tests_run.command import NAME
from nootropic_kernel.checks.tests_run.report import Report, function_of, read_report, shown_name
from nootropic_kernel.runs.effects import RunResult

VOUCHED = "only the tested process itself"
_LISTED = 5
# So many tracebacks tell what is wrong; the others mostly say the same.
_TRACEBACKS = 3
# How pytest ends (docs.pytest.org, "Exit codes").
_OK, _NO_TESTS = 0, 5


@dataclass(frozen=True)
class Judged:
    """One run: whether its tests passed (None: it cannot tell), why, and its report."""

    passed: bool | None
    detail: str
    report: Report
    where: str

    def result(self, passed: bool | None, detail: str, vouched: str = VOUCHED) -> CheckResult:
        """A check result that tells where the tests ran."""
        return CheckResult(NAME, passed, f"{detail}{self.where}", vouched)


def failures(report: Report, tests: Iterable[str], told: str) -> str:
    """Which tests fail, led by their tracebacks: that is what a person, or a model that repairs, looks for."""
    said = list(report.said_by(tests).items())[:_TRACEBACKS]
    traces = [f"{shown_name(name)}:\n{text}" if len(said) > 1 else text for name, text in said]
    return "\n".join([f"{told}: {listed(tests)}", *traces, f"{report.counts} (pytest ended with code {report.code})"])


def judge(run: RunResult) -> Judged:
    """Read one run on its own."""
    report = read_report(run.report)
    passed, detail = _outcome(run, report)
    where = f"; {run.level.split(':')[0]}; {', '.join(run.limits[:3])}"
    if run.unenforced:
        where += f"; not limited: {', '.join(run.unenforced)}"
    return Judged(passed, detail, report, where)


def doubtful(report: Report) -> dict[str, str]:
    """The test functions of a passing run that say nothing, and why: a run without the change tells if they did."""
    well = report.ran_well()
    found = {test: "not run" for test in report.expected if test not in well}
    for test, outcome in report.outcomes.items():
        if function_of(test) not in well:
            said = "failed, and is counted as passed" if outcome.outcome == "passed" else outcome.outcome
            found[function_of(test)] = f"{said} ({outcome.why})" if outcome.why else said
    return found


def vouched(judged: Judged, tests: str) -> str:
    """Who vouches for a pass.

    Args:
        judged: the run that passed.
        tests: what is to be said of the test files.
    """
    report = judged.report
    return (
        f"Nootropic's runner, inside the tested process: complete report of {len(report.outcomes)} tests, "
        f"{report.canaries} canaries failed as they must, {tests}"
    )


def listed(names: Iterable[str]) -> str:
    """The first of some names, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    return ", ".join(map(shown_name, every[:_LISTED])) + more


def _outcome(run: RunResult, report: Report) -> tuple[bool | None, str]:
    tail = "\n".join((run.output.strip() or run.errors.strip()).splitlines()[-30:])
    if run.stopped_by:
        place = f", in {shown_name(report.running)}" if report.running else ""
        return False, f"the tests were stopped at a limit: {run.stopped_by}{place}"
    if not report.started:
        return None, f"the runner did not start (code {run.code})\n{tail}"
    if report.broken:
        place = f", in {shown_name(report.running)}" if report.running else ""
        return False, f"{report.broken} (code {run.code}{place}; {report.counts} so far)\n{tail}"
    if report.faults:
        return False, f"forged: {listed(report.faults)}"
    if report.code == _NO_TESTS:
        return None, "pytest found no test"
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", run.output + run.errors)
    if missing and report.code != _OK and not any(each.outcome == "failed" for each in report.outcomes.values()):
        return None, f"{sys.executable} finds no module {missing[1]!r}, which the tests import; {report.counts}"
    if report.code != _OK or report.failing:
        if report.said_by(report.failing):
            return False, failures(report, report.failing, "failing")
        return False, f"{report.counts} (pytest ended with code {report.code})\n{tail}"
    if run.code != report.code:
        return False, f"the tested process ended with code {run.code}, though its tests ended with {report.code}"
    if not report.ran_well():
        return None, f"no test ran to its end: {report.counts}"
    return True, report.counts
