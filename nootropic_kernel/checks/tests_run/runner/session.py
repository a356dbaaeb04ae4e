"""The pytest plugin that reports what was collected and how each test ended, and looks after the machinery."""

from __future__ import annotations

import random
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from .canaries import Canaries
from .channel import Channel
from .integrity import Snapshot, replaced, snapshot
from .sources import TestFiles

# Of what a test says, so much of its beginning and of its end is reported, in whole lines. Secrets are taken out of it
# before less is shown: half of one would not be known as such.
_END = 8000
_RANK = ("passed", "xpassed", "skipped", "xfailed", "failed")


class Reporter:
    """Reports a session.

    Args:
        channel: where to.
        files: the test files as they were before.
        only: when not empty, the test files that are collected, relative to the folder.
    """

    def __init__(self, channel: Channel, files: TestFiles, only: frozenset[str]) -> None:
        self._send = channel.send
        self._files = files
        self._only = only
        self._start: Snapshot = snapshot()
        self._configured: Snapshot | None = None
        self._raw: dict[str, str] = {}
        self._outcomes: dict[str, tuple[str, str]] = {}
        self._canaries: Canaries | None = None
        self._between = 0
        self._finished = 0
        self.faults: dict[str, None] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        # Installed plugins are in place, and nothing of the repository is (but what `-p` of its settings named).
        libraries = sysconfig.get_path("purelib")
        self._note("replaced", replaced(self._start, allowed=libraries))
        self._configured = snapshot()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        if hasattr(config.option, "numprocesses"):  # one process: canaries must live where the tests do
            config.option.numprocesses, config.option.dist, config.option.tx = None, "no", []

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        if self._only and collection_path.is_file():
            return collection_path.relative_to(self._files.root).as_posix() not in self._only or None
        return None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome != "passed":
            self._send("uncollected", test=report.nodeid, outcome=report.outcome, why=_ends(str(report.longrepr)))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._send("deselected", tests=[item.nodeid for item in items])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._send("collected", tests=[item.nodeid for item in session.items])
        if session.items and not session.config.option.collectonly:
            dice = random.SystemRandom()
            self._between = dice.randint(1, len(session.items))
            self._canaries = Canaries(session, dice.choice(session.items).path)
        self._look()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Any:
        # The innermost place: what a hook around the test makes of its end is seen to differ.
        try:
            made = yield
        except BaseException as error:
            self._raw[pyfuncitem.nodeid] = type(error).__name__
            raise
        self._raw[pyfuncitem.nodeid] = ""
        return made

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._send("start", test=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = {"skipped": "xfailed", "passed": "xpassed"}.get(outcome, outcome)
        if outcome not in _RANK:
            return  # a plugin's own, such as the failed try of a test that is run again
        why = str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else ""
        if outcome == "failed":
            why = report.longreprtext
        before = self._outcomes.get(report.nodeid, ("passed", ""))
        self._outcomes[report.nodeid] = max(before, (outcome, _ends(why)), key=lambda each: _RANK.index(each[0]))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcome, why = self._outcomes.pop(nodeid, ("failed", "it made no report"))
        self._send("test", test=nodeid, outcome=outcome, raw=self._raw.pop(nodeid, ""), why=why)
        self._finished += 1
        if self._finished == self._between:
            self._look()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self._look()
        self._note("files rewritten by the tests", self._files.rewritten())

    def end(self, code: int, found: list[str]) -> None:
        """Close the report.

        Args:
            code: how pytest ended.
            found: the comparisons that prove nothing.
        """
        self._note("comparison that proves nothing", found)
        self._send("end", code=code, finished=self._finished, faults=list(self.faults), canaries=self._failed_canaries)

    @property
    def _failed_canaries(self) -> int:
        return self._canaries.failed if self._canaries else 0

    def _look(self) -> None:
        """The canaries must fail, and the functions that decide must be those of before."""
        if self._canaries is not None:
            self._note("test that must fail passed", self._canaries.run())
        self._note("replaced", replaced(self._configured or self._start))

    def _note(self, what: str, names: list[str]) -> None:
        for name in names:
            self.faults.setdefault(f"{what}: {name}")


def _ends(text: str) -> str:
    if len(text) <= 2 * _END:
        return text
    head, tail = text[:_END].rpartition("\n")[0], text[-_END:].partition("\n")[2]
    return f"{head}\n…\n{tail}"
