"""Reading the runner's report, and what one run of the tests or several say."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.checks.tests_run import tests_step as step_of_tests
from nootropic_kernel.checks.tests_run import why_not_run
from nootropic_kernel.checks.tests_run.changed import edited_tests, operators_of, weakened, with_tests_as_they_were
from nootropic_kernel.checks.tests_run.changed import test_side as is_test_side
from nootropic_kernel.checks.tests_run.pipe import ReportPipe
from nootropic_kernel.checks.tests_run.report import read_report, rewritten
from nootropic_kernel.checks.tests_run.runner.channel import Channel
from nootropic_kernel.checks.tests_run.runner.session import Reporter
from nootropic_kernel.checks.tests_run.runner.sources import TestFiles
from nootropic_kernel.checks.tests_run.verdict import judge
from nootropic_kernel.runs.effects import Run, RunResult
from tests.checks.verdict_runs import passed, signed

REPORT = passed("test_a.py::test_a", "test_a.py::test_b[x]")
CODE = FileEdit("shop.py", b"x = 1\n", b"x = 2\n")


def run(report: bytes, code: int = 0, output: str = "") -> RunResult:
    return RunResult(code, output, "", "bubblewrap: all", ("1 s",), report)


def failed(*tests: str) -> bytes:
    ran = [("test", {"test": test, "outcome": "failed", "raw": "AssertionError", "why": ""}) for test in tests]
    end = {"code": 1, "finished": len(tests), "faults": [], "canaries": 87}
    return signed(("begin", {"expected": []}), ("collected", {"tests": list(tests)}), *ran, ("end", end))


def decided(edits: Sequence[FileEdit], *answers: RunResult) -> CheckResult:
    """What a step makes of these runs, all of which it asks for."""
    step = step_of_tests(edits, lambda edits: str(len(edits)))
    effect: object = next(step)
    for answer in answers[:-1]:
        assert isinstance(effect, Run)
        effect = step.send(answer)
    with pytest.raises(StopIteration) as done:
        step.send(answers[-1])
    result: CheckResult = done.value.value
    return result


def test_a_whole_report_is_read() -> None:
    report = read_report(REPORT)
    assert not report.broken and report.code == 0 and report.counts == "2 passed"
    assert report.ran_well() == {"test_a.py::test_a", "test_a.py::test_b"}


@given(st.integers(0, len(REPORT) - 1), st.integers(0, 255))
def test_a_report_in_which_any_byte_differs_is_no_pass(place: int, byte: int) -> None:
    altered = bytearray(REPORT)
    altered[place] = byte
    whole = bytes(altered) in (REPORT, REPORT[:64].upper() + REPORT[64:])
    assert whole or bytes(altered[:64]).lower() == REPORT[:64] or judge(run(bytes(altered))).passed is not True


@given(st.integers(0, 6), st.integers(0, 6))
def test_lines_left_out_repeated_or_exchanged_are_no_pass(one: int, other: int) -> None:
    head, *lines = REPORT.splitlines(keepends=True)
    one, other = one % len(lines), other % len(lines)
    kept = [line for number, line in enumerate(lines) if number != one]
    exchanged = list(lines)
    exchanged[one], exchanged[other] = lines[other], lines[one]
    for forged in (kept, [*lines, lines[one]], exchanged, lines[:one]):
        assert forged == lines or judge(run(head + b"".join(forged))).passed is not True


@given(st.binary(max_size=200))
def test_anything_else_is_no_report(data: bytes) -> None:
    assert judge(run(data)).passed is not True
    assert judge(run(REPORT + data)).passed is not True or not data


@pytest.mark.parametrize("event", [("test", {}), ("end", {"code": 0}), ("collected", {"tests": 3})])
def test_a_signed_line_of_another_shape_is_no_report(event: tuple[str, dict[str, object]]) -> None:
    assert "forged" in judge(run(signed(event))).detail


def test_no_secret_is_kept_with_a_report() -> None:
    """Regression: what a test gave as its reason to skip was journalled as it was."""

    def hide(text: str) -> str:
        return text.replace("hunter2", "***")

    skipped = {"test": "t[hunter2]", "outcome": "skipped", "raw": "Skipped", "why": 'Skipped: "hunter2"'}
    report = signed(("begin", {"expected": []}), ("collected", {"tests": ["t[hunter2]"]}), ("test", skipped),
                    ("end", {"code": 0, "finished": 1, "faults": [], "canaries": 87}))  # fmt: skip
    kept = rewritten(report, hide)
    assert b"hunter2" not in kept and not read_report(kept).broken
    assert read_report(kept).outcomes["t[***]"].why == 'Skipped: "***"'
    assert rewritten(REPORT, hide) == REPORT
    for forged in (report + b"hunter2", report + b"hunter2\n", report.replace(b"Skipped:", b"Skipped!")):
        kept = rewritten(forged, hide)
        assert b"hunter2" not in kept and "forged" in read_report(kept).broken
    assert rewritten(b"hunter2\n", hide) == b"" == rewritten(b"", hide)


@given(st.binary(max_size=200))
def test_what_is_kept_of_a_report_says_as_little(data: bytes) -> None:
    for came in (data, REPORT + data, REPORT[: len(data) * 5]):
        assert judge(run(rewritten(came, str))).passed == judge(run(came)).passed


def test_no_tests_and_no_pytest_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no tests here" in why_not_run(["a.py", "index.test.ts"])
    assert why_not_run(["a.py", "tests/test_a.py"]) == ""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pytest is not installed" in why_not_run(["test_a.py"])


def test_the_states_of_one_run() -> None:
    missing = "ModuleNotFoundError: No module named 'numpy'"
    uncollected = signed(
        ("begin", {"expected": []}),
        ("uncollected", {"test": "test_a.py", "outcome": "failed", "why": missing}),
        ("collected", {"tests": []}),
        ("end", {"code": 2, "finished": 0, "faults": [], "canaries": 0}),
    )
    assert judge(run(REPORT)).passed is True
    assert judge(run(REPORT, 3)).passed is False, "it ended otherwise than it said"
    assert judge(run(b"", 1)).passed is None, "it never started"
    stopped = judge(replace(run(REPORT, -9), stopped_by="64 MB of memory in all", unenforced=("the wind",)))
    assert stopped.passed is False and "stopped at a limit: 64 MB of memory in all" in stopped.detail
    assert "not limited: the wind" in stopped.result(False, "").detail
    assert judge(run(uncollected, 2, missing)).passed is None and "numpy" in judge(run(uncollected, 2, missing)).detail
    assert judge(run(passed("t", faults=["replaced: x"]))).passed is False


def test_a_failure_is_the_changes_doing_only_where_the_tests_pass_without_it() -> None:
    one, two = "test_a.py::test_a", "test_a.py::test_b"
    assert decided([CODE], run(failed(one), 1), run(passed(one))).passed is False
    assert decided([CODE], run(failed(one), 1), run(failed(one), 1)).passed is None
    both = decided([CODE], run(failed(one, two), 1), run(failed(one), 1))
    assert both.passed is False and f"with this change only: {two}" in both.detail


def test_the_traceback_of_the_test_that_the_change_breaks_leads_the_verdict() -> None:
    """Regression: it came after the run's progress and the traces of other tests, or was cut off with the beginning."""
    old, new = "test_a.py::test_a", "test_z.py::test_z"

    def report(**why: str) -> bytes:
        ran = [
            ("test", {"test": test, "outcome": "failed", "raw": "X", "why": why[test[-1]]})
            for test in (old, new)
            if test[-1] in why
        ]
        end = {"code": 1, "finished": len(ran), "faults": [], "canaries": 87}
        tests = [fields["test"] for _, fields in ran]
        return signed(("begin", {"expected": []}), ("collected", {"tests": tests}), *ran, ("end", end))

    noise = "\n".join(f"warning {number}" for number in range(40))
    broken = run(report(a="E  known", z="E  assert 6 == 4"), 1, noise)
    lines = decided([CODE], broken, run(report(a="E  known"), 1)).detail.split("\n")
    assert lines[:2] == [f"fail with this change only: {new}", "E  assert 6 == 4"]
    assert lines[2].startswith("2 failed (pytest ended with code 1); bubblewrap") and len(lines) == 3
    lines = decided([CODE], broken, run(passed(old, new))).detail.split("\n")
    assert lines[:3] == [f"failing: {old}, {new}", f"{old}:", "E  known"] and "warning" not in "".join(lines)
    known = decided([CODE], broken, broken)
    assert known.passed is None and known.detail.startswith(f"they fail without this change too: {old}, {new}\n{old}:")


def test_no_part_of_a_secret_is_shown_wherever_what_a_test_says_is_cut(tmp_path: Path) -> None:
    """Regression: the runner cut first, and half of a token is not known as a secret."""
    pieces = [f"{number}Secret{number}" for number in range(6)]
    secret, line, texts = f"ghp_{''.join(pieces)}", "x" * 30 + "\n", {}
    for edge in (400, 500, 1500, 8000):
        for place in (edge - 40, edge - 20):
            long = (line * 600)[:place]
            texts[f"{place} first"] = f"{long} {secret} {line * 600}"
            texts[f"{place} last"] = f"{line * 600} {secret} {long}"
            texts[f"{place} one line"] = f"{'x' * place} {secret} {'x' * 20000}"
    with ReportPipe() as pipe:
        channel = Channel(os.dup(pipe.channel))
        reporter = Reporter(channel, TestFiles(tmp_path), frozenset())
        for name, text in texts.items():
            reporter.pytest_collectreport(pytest.CollectReport(name, "failed", text, []))
            reporter.pytest_runtest_logreport(pytest.TestReport(name, ("", 1, ""), {}, "failed", text, "call"))
            reporter.pytest_runtest_logfinish(name)
        channel.close()
    report = read_report(rewritten(pipe.report, redact))
    for name in texts:
        for why in (report.outcomes[name].why, report.uncollected[name][1]):
            assert not [piece for piece in pieces if piece in why] and len(why) <= 2003, name


def test_a_name_of_any_length_is_told_in_short() -> None:
    """Regression: parameters of 2 MB stood in the verdict, and in every list of it."""
    broken = run(failed(f"test_a.py::test_a[{'x' * 2_000_000}]"), 1)
    told = decided([CODE], broken, run(failed("test_a.py::test_b"), 1)).detail
    assert told.startswith("fail with this change only: test_a.py::test_a[xxx") and len(told) < 1000


def test_what_was_not_reached_without_the_change_is_not_its_doing() -> None:
    """Regression: a change that mends a test has the run, which ends after so many failures, go further than before."""
    one, two, three = (f"test_a.py::test_{n}" for n in (1, 2, 3))
    tests = ("collected", {"tests": [one, two, three]})
    end = ("end", {"code": 1, "finished": 1, "faults": [], "canaries": 87})
    fails = {n: ("test", {"test": n, "outcome": "failed", "raw": "X", "why": ""}) for n in (one, two, three)}
    base = run(signed(("begin", {"expected": []}), tests, fails[one], end), 1)
    further = run(signed(("begin", {"expected": []}), tests, fails[two], end), 1)
    assert decided([CODE], further, base).passed is None
    reached = run(signed(("begin", {"expected": []}), ("collected", {"tests": [one]}), fails[one], end), 1)
    assert decided([CODE], further, reached).passed is False


def test_tests_that_a_change_edits_do_not_vouch_for_it_alone() -> None:
    name = "test_a.py::test_a"
    edit = FileEdit("test_a.py", b"def test_a(): assert f() == 1\n", b"def test_a(): assert f() == 2\n")
    weak = FileEdit("test_a.py", b"def test_a(): assert f() == 1\n", b"def test_a(): f()\n")
    good, bad = run(passed(name)), run(failed(name), 1)
    both = decided([CODE, edit], good, good)
    assert both.passed is True and "as they were" in both.vouched_by
    assert decided([CODE, edit], good, bad, good).passed is None
    assert decided([CODE, edit], good, bad, bad).passed is True, "a failing test is mended"
    weaker = decided([CODE, weak], good, bad, good)
    assert weaker.passed is False and "asserts less" in weaker.detail


def test_what_a_change_takes_from_the_tests_is_named() -> None:
    base = (
        b"import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_a(n): assert n\n"
        b"class TestB:\n    def test_b(self): assert 1\n"
    )
    said = {
        "is gone": base.replace(b"    def test_b", b"    def check_b"),
        "asserts less": base.replace(b"assert n", b"pass"),
        "asserts less (3": base.replace(b"[1, 2]", b"[]"),
        "is skipped": base.replace(b"def test_a", b"@pytest.mark.skip\ndef test_a"),
        "skips more": base + b"pytestmark = pytest.mark.xfail\n",
    }
    for words, new in said.items():
        assert words in "; ".join(weakened([FileEdit("tests/test_a.py", base, new)])), words
    assert weakened([FileEdit("tests/test_a.py", base, base + b"def test_c(): assert 3\n")]) == []
    assert "no longer collected" in weakened([FileEdit("a.py", base, base, renamed_from="test_a.py")])[0]


@pytest.mark.parametrize(
    ("path", "side"),
    [
        ("test_a.py", True), ("a_test.py", True), ("tests/helper.py", True), ("tests/data.json", True),
        ("conftest.py", True), ("pkg/conftest.py", True), ("PyTest.ini", True), ("pyproject.toml", True),
        ("x.pth", True), ("sitecustomize.py", True), ("shop.py", False), ("src/testing_tools.py", False),
        ("contest.py", False), ("README.md", False),
    ],
)  # fmt: skip
def test_the_tests_side_of_a_change(path: str, side: bool) -> None:
    assert is_test_side(path) is side
    assert edited_tests([FileEdit(path, b"", b"x")]) == ([path] if side else [])


def test_taking_back_the_tests_side_restores_what_was_there() -> None:
    edits = [
        CODE,
        FileEdit("test_a.py", b"a", b"b"),
        FileEdit("test_b.py", b"a", None),
        FileEdit("conftest.py", None, b"x"),
        FileEdit("test_d.py", b"a", b"b", renamed_from="test_c.py"),
    ]
    assert with_tests_as_they_were(edits) == (
        CODE,
        FileEdit("test_a.py", b"b", b"a"),
        FileEdit("test_b.py", None, b"a"),
        FileEdit("conftest.py", b"x", None),
        FileEdit("test_c.py", None, b"a", renamed_from="test_d.py"),
    )


def test_operators_that_a_change_leaves_are_known() -> None:
    old = b"class A:\n    def __eq__(self, o): return 1\n    def __lt__(self, o): return 1\nclass B: pass\n"
    new = old.replace(b"__lt__(self, o): return 1", b"__lt__(self, o): return 2") + b"class C:\n    class D: pass\n"
    assert operators_of(old, new) == {"classes": ["A", "B"], "unchanged": ["A.__eq__"]}
    assert operators_of(None, new)["classes"] == [] and operators_of(b"def (", b"\0") == {
        "classes": [],
        "unchanged": [],
    }
