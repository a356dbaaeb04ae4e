"""Runs a change's tests for real, in the sandbox, on small repositories that are made of texts."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.tests_run import tests_step as step_of_tests
from nootropic_kernel.checks.tests_run.pipe import ReportPipe
from nootropic_kernel.checks.tests_run.runner.channel import Channel
from nootropic_kernel.runs.effects import Run, RunResult
from nootropic_kernel.sandbox import run_confined

Texts = Mapping[str, str | bytes | None]
# Plugins that are installed for our own tests take half of a run's time; only what tests them loads them.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def signed(*events: tuple[str, dict[str, Any]]) -> bytes:
    """A report as the runner writes it."""
    with ReportPipe() as pipe:
        channel = Channel(os.dup(pipe.channel))
        for kind, fields in events:
            channel.send(kind, **fields)
        channel.close()
    return pipe.report


def passed(*tests: str, **end: Any) -> bytes:
    """The report of a run in which these tests passed; keywords change its last line."""
    ends = {"code": 0, "finished": len(tests), "faults": [], "canaries": 87, **end}
    ran = [("test", {"test": test, "outcome": "passed", "raw": "", "why": ""}) for test in tests]
    return signed(("begin", {"expected": list(tests)}), ("collected", {"tests": list(tests)}), *ran, ("end", ends))


def read_cases(name: str) -> dict[str, dict[str, str | None]]:
    """The cases of a file beside this one: `=== case`, then `--- path` with a file's text, `(deleted)` for none.

    `+++ path` appends to the file that the repository has; such a text starts with a plus sign.
    """
    cases: dict[str, dict[str, str | None]] = {}
    files: dict[str, str | None] = {}
    path = None
    for line in (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines(keepends=True):
        sign, _, rest = line.rstrip("\n").partition(" ")
        if sign == "===":
            files, path = cases.setdefault(rest, {}), None
        elif sign in ("---", "+++"):
            path, deleted = rest.removesuffix(" (deleted)"), rest.endswith(" (deleted)")
            files[path] = None if deleted else "+" if sign == "+++" else ""
        elif path is not None and (text := files[path]) is not None:
            files[path] = text + line
    return cases


class Bench:
    """Serves the runs of one verdict; what was run without the change is kept, as it is the same for all changes."""

    def __init__(self, place: Path, base: Texts, *, plugins: bool = False) -> None:
        self._place = place
        self._base = {path: _bytes(text) for path, text in base.items()}
        self._environment = {} if plugins else ALONE
        self._kept: dict[tuple[str, ...], RunResult] = {}
        self._made = 0

    def check(self, change: Texts) -> CheckResult:
        """What the tests say about a change; None as a text deletes the file."""
        trials: list[tuple[FileEdit, ...]] = []

        def trial(edits: Sequence[FileEdit]) -> str:
            trials.append(tuple(edits))
            return str(len(trials) - 1)

        edits = []
        for path, text in change.items():
            base = self._base.get(path)
            new = None if text is None else _bytes(text)
            if base is not None and new is not None and new.startswith(b"+"):
                new = base + new[1:]
            edits.append(FileEdit(path, base, new))
        step = step_of_tests(edits, trial)
        effect = next(step)
        while True:
            assert isinstance(effect, Run)
            done = self._run(effect.command, trials[int(effect.folder)])
            try:
                effect = step.send(done)
            except StopIteration as finished:
                result: CheckResult = finished.value
                return result

    def _run(self, command: tuple[str, ...], edits: Sequence[FileEdit]) -> RunResult:
        if not edits and command in self._kept:
            return self._kept[command]
        self._made += 1
        folder = self._place / f"{self._made}"
        files = {**self._base, **{edit.path: edit.new for edit in edits}}
        for path, content in files.items():
            if content is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        with ReportPipe() as pipe:
            done = run_confined(
                command,
                folder,
                timeout_s=150,
                environment=self._environment,
                channel=pipe.channel,
                cancel=threading.Event(),
            )
        result = RunResult(done.code, done.output, done.errors, done.level, done.limits, pipe.report)
        if not edits:
            self._kept[command] = result
        return result


def _bytes(text: str | bytes | None) -> bytes:
    return text if isinstance(text, bytes) else dedent(text or "").encode()
