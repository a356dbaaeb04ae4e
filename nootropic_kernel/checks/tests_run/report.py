"""Reading the runner's signed report: what was collected, how each test ended, and whether all of it is there."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

_FORGED = "forged: the report was written to by something other than the runner"
# Of what a failing test says, so much of its beginning and of its end is kept, and of a reason only its beginning.
_HEAD, _TAIL = 500, 1500
_REASON = 200
_LONGEST_NAME = 500  # parameters may be of any length


@dataclass(frozen=True)
class Outcome:
    """How one test ended; ``raw`` names what it raised itself, before any hook made something else of it.

    ``why`` is the traceback of one that failed, and the reason of one that was skipped.
    """

    outcome: str
    raw: str = ""
    why: str = ""

    @property
    def ran_well(self) -> bool:
        """Whether the test itself came to its end."""
        return self.outcome in ("passed", "xpassed") and not self.raw


@dataclass
class Report:
    """What a run reported. ``broken`` says why the report cannot be believed or is not whole; empty when it is."""

    started: bool = False
    broken: str = ""
    code: int | None = None
    expected: tuple[str, ...] = ()
    collected: tuple[str, ...] | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    uncollected: dict[str, tuple[str, str]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    canaries: int = 0
    running: str = ""

    @property
    def failing(self) -> set[str]:
        """The tests that failed, and the files that could not be collected."""
        failed = {test for test, outcome in self.outcomes.items() if outcome.outcome == "failed"}
        return failed | {name for name, (outcome, _) in self.uncollected.items() if outcome == "failed"}

    @property
    def counts(self) -> str:
        """How many tests ended how, in words."""
        kinds = [outcome.outcome for outcome in self.outcomes.values()]
        told = [f"{kinds.count(kind)} {kind}" for kind in ("failed", "passed", "xfailed", "xpassed", "skipped")]
        errors = sum(outcome == "failed" for outcome, _ in self.uncollected.values())
        told = [each for each in told if not each.startswith("0 ")] + [f"{errors} not importable"] * bool(errors)
        return ", ".join(told) or "no test"

    def said_by(self, tests: Iterable[str]) -> dict[str, str]:
        """The tracebacks of some of the failing tests, and of files that could not be collected."""
        said = {test: outcome.why for test, outcome in self.outcomes.items() if outcome.outcome == "failed"}
        said |= {name: why for name, (outcome, why) in self.uncollected.items() if outcome == "failed"}
        return {test: said[test].strip("\n") for test in sorted(tests) if said.get(test, "").strip()}

    def ran_well(self) -> set[str]:
        """The test functions (without their parameters) of which at least one case ran to its end."""
        return {function_of(test) for test, outcome in self.outcomes.items() if outcome.ran_well}


def function_of(test: str) -> str:
    """A test's name without its parameters."""
    return test.split("[", 1)[0]


def read_report(data: bytes) -> Report:
    """The report in what came through the pipe; never raises, whatever that is."""
    report = Report()
    head, _, rest = data.partition(b"\n")
    key = _key(head)
    if key is None:
        report.broken = "the runner did not start"
        return report
    report.started = True
    lines = rest.split(b"\n")
    ended = False
    for number, line in enumerate(lines[:-1]):
        signature, _, text = line.partition(b" ")
        if ended or not hmac.compare_digest(_signed(key, number, text), signature):
            report.broken = _FORGED
            return report
        try:
            kind, fields = json.loads(text)
            _take(report, kind, fields)
        except (ValueError, TypeError, KeyError):  # signed, but not by our code
            report.broken = _FORGED
            return report
        ended = kind == "end"
    if lines[-1]:
        report.broken = _FORGED
    elif not ended:
        report.broken = "the tested process ended before its tests were done"
    elif report.collected is not None and report.code == 0 and set(report.collected) != set(report.outcomes):
        missing = sorted(set(report.collected) - set(report.outcomes))
        report.broken = f"tests were collected and never run: {', '.join(map(shown_name, missing[:5]))}"
    return report


def shown_name(test: str) -> str:
    """A test's name as a verdict tells it: a long one is cut."""
    return test if len(test) <= _LONGEST_NAME else f"{test[:_LONGEST_NAME]}…"


def _key(head: bytes) -> bytes | None:
    """The key by which the lines are signed, from the first of them; None when that is none."""
    try:
        key = bytes.fromhex(head.decode("ascii"))
    except ValueError:
        return None
    return key if len(key) == 32 else None


def rewritten(data: bytes, rewrite: Callable[[str], str]) -> bytes:
    """The report with every text in it passed through ``rewrite`` and signed anew.

    What tests print can be told from what they say in a report only by us, and neither may be kept with a secret in it.
    From the first line on that its signature does not prove, the report says no more, so nothing is kept of that.
    """
    head, _, rest = data.partition(b"\n")
    key = _key(head)
    if key is None:
        return b""
    lines = [head]
    for number, line in enumerate(rest.split(b"\n")[:-1]):
        signature, _, text = line.partition(b" ")
        if not hmac.compare_digest(_signed(key, number, text), signature):
            return b"\n".join([*lines, b"forged\n"])
        try:
            text = json.dumps(_mapped(json.loads(text), rewrite)).encode()
        except (ValueError, RecursionError):  # signed, but not by our code
            return b"\n".join([*lines, b"forged\n"])
        lines.append(_signed(key, number, text) + b" " + text)
    return b"\n".join([*lines, b"" if rest.endswith(b"\n") or not rest else b"forged"])


def _signed(key: bytes, number: int, text: bytes) -> bytes:
    return blake2b(str(number).encode() + b":" + text, key=key).hexdigest().encode()


def _mapped(value: Any, rewrite: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, list):
        return [_mapped(each, rewrite) for each in value]
    return {key: _mapped(each, rewrite) for key, each in value.items()} if isinstance(value, dict) else value


def _take(report: Report, kind: str, fields: dict[str, Any]) -> None:
    match kind:
        case "begin":
            report.expected = tuple(fields["expected"])
        case "collected":
            report.collected = tuple(fields["tests"])
        case "uncollected":
            report.uncollected[fields["test"]] = (fields["outcome"], _shown(fields))
        case "start":
            report.running = fields["test"]
        case "test":
            report.outcomes[fields["test"]] = Outcome(fields["outcome"], fields["raw"], _shown(fields))
            report.running = ""
        case "end":
            report.code = fields["code"]
            report.faults = tuple(fields["faults"])
            report.canaries = fields["canaries"]


def _shown(fields: dict[str, Any]) -> str:
    why: str = fields["why"]
    if fields["outcome"] != "failed":
        return why[:_REASON]
    return why if len(why) <= _HEAD + _TAIL else f"{why[:_HEAD]}\n…\n{why[-_TAIL:]}"
