"""Running a command that we did not write: confined as strongly as this machine can, or after a person's yes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from nootropic_kernel.sandbox.inside.spec import APPROVED
from nootropic_kernel.sandbox.level import DESCRIPTIONS, LEVELS, available, strongest, unenforced, why_not
from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.sandbox.process import TIME_IS_UP, Ended, execute, time_told
from nootropic_kernel.sandbox.result import SandboxResult, SandboxUnavailable
from nootropic_kernel.workspace.errors import UsageError

UNCONFINED = "not confined: you approved it; clean environment only"


def run_confined(
    command: Sequence[str],
    folder: Path,
    *,
    timeout_s: float = 60.0,
    limits: Limits | None = None,
    environment: dict[str, str] | None = None,
    cancel: threading.Event | None = None,
    channel: int | None = None,
    level: str | None = None,
) -> SandboxResult:
    """Run ``command`` in ``folder``, which is all it can write to and, the system apart, all it can see.

    Args:
        command: the words of the command; a first word `python` is this interpreter.
        folder: made the working folder, at the same path inside.
        timeout_s: wall time after which everything it started is killed.
        limits: resources; see `Limits`.
        environment: variables added to an otherwise empty environment.
        cancel: when set, everything is killed and Interrupted raised.
        channel: a descriptor, as the write end of a pipe, that the command's first process gets as number 3.
        level: the level to run at instead of the strongest one that works here; for tests.

    Raises:
        UsageError: there is no such folder.
        SandboxUnavailable: no level works here, or not this one, or it could not be set up for this folder.
        Interrupted: ``cancel`` was set.
        ValueError: there is no such level.
    """
    if level not in (None, *LEVELS):
        raise ValueError(f"There is no level {level!r}, only {', '.join(LEVELS)}.")
    chosen = level or strongest()
    if chosen is None or why_not(chosen):
        raise SandboxUnavailable(available() if chosen is None else why_not(chosen))
    _check_folder(folder)
    limits = limits or Limits(cpu_s=max(1, int(timeout_s)))
    ended = execute(
        chosen, command, folder, limits=limits, environment=environment or {}, timeout_s=timeout_s, cancel=cancel,
        channel=channel,
    )  # fmt: skip
    return _result(ended, DESCRIPTIONS[chosen], limits, timeout_s, unenforced(chosen))


def run_approved(
    command: Sequence[str],
    folder: Path,
    *,
    timeout_s: float = 60.0,
    environment: dict[str, str] | None = None,
    cancel: threading.Event | None = None,
    channel: int | None = None,
) -> SandboxResult:
    """Run ``command`` unconfined, for a person who was asked and said yes: clean environment and limits only."""
    _check_folder(folder)
    limits = Limits(cpu_s=max(1, int(timeout_s)))
    ended = execute(
        APPROVED, command, folder, limits=limits, environment=environment or {}, timeout_s=timeout_s, cancel=cancel,
        channel=channel,
    )  # fmt: skip
    return _result(ended, UNCONFINED, limits, timeout_s, ("everything but the limits: it was not confined",))


def _check_folder(folder: Path) -> None:
    """A missing folder must not look like a missing sandbox, or a person would be asked to do without one."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", next="Name a folder that exists.")


def _result(ended: Ended, level: str, limits: Limits, timeout_s: float, not_held: tuple[str, ...]) -> SandboxResult:
    timed_out = ended.stopped_by == time_told(timeout_s)
    return SandboxResult(
        TIME_IS_UP if timed_out else ended.code,
        ended.output,
        ended.errors,
        level,
        (*limits.told(), time_told(timeout_s), "nothing outlives it"),
        timed_out,
        not_held,
        ended.stopped_by,
    )
