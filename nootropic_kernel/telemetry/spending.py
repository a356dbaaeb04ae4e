"""Sums over the ledger: what calls cost together, by model, task or day, and what is foreseen from that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from nootropic_kernel.telemetry.budget import usd
from nootropic_kernel.telemetry.ledger import Call


@dataclass(frozen=True)
class Totals:
    """Several calls together.

    :param usd: the sum of what is known; ``unknown`` calls are not in it.
    :param cpu_s: CPU seconds of local models; ``measured`` calls are in it.
    :param input_tokens, output_tokens: of the ``counted`` calls.
    """

    calls: int = 0
    failed: int = 0
    usd: float = 0.0
    unknown: int = 0
    cpu_s: float = 0.0
    measured: int = 0
    wall_s: float = 0.0
    counted: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @classmethod
    def of(cls, calls: Iterable[Call]) -> Totals:
        """The totals of some calls."""
        total = cls()
        for call in calls:
            total += cls(
                1,
                int(bool(call.error)),
                call.usd or 0.0,
                int(call.usd is None),
                call.cpu_s or 0.0,
                int(call.cpu_s is not None),
                call.wall_s,
                int(call.output_tokens is not None),
                call.input_tokens or 0,
                call.output_tokens or 0,
            )
        return total

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def cost(self) -> str:
        """The cost for people: what is unknown is never shown as nothing."""
        if not self.calls:
            return usd(0)
        if self.unknown == self.calls:
            return "unknown"
        return usd(self.usd) + (f" + unknown for {self.unknown} of {self.calls} calls" if self.unknown else "")


def grouped(calls: Iterable[Call], key: Callable[[Call], str]) -> dict[str, Totals]:
    """The totals of each group, in the order in which the groups first appear."""
    groups: dict[str, list[Call]] = {}
    for call in calls:
        groups.setdefault(key(call), []).append(call)
    return {name: Totals.of(members) for name, members in groups.items()}


def day_of(call: Call) -> str:
    """The day of a call here, as a date."""
    return datetime.fromtimestamp(call.at).date().isoformat()


@dataclass(frozen=True)
class Forecast:
    """What the remaining tasks of a plan are likely to take, from the tasks that were measured.

    ``usd`` and ``cpu_s`` are None when they are unknown: no task was measured, or not all of one.
    """

    tasks: int
    measured: int
    usd: float | None
    cpu_s: float | None


def foreseen(remaining: int, calls: Iterable[Call], otherwise: float | None = None) -> Forecast:
    """The forecast for so many tasks, from the mean of the tasks in ``calls``.

    :param otherwise: USD of a task where none was measured; None where nobody knows.
    """
    tasks = grouped((call for call in calls if call.task), lambda call: f"{call.plan} {call.task}")
    if not remaining:
        return Forecast(remaining, len(tasks), 0.0, 0.0)
    if not tasks:
        return Forecast(remaining, 0, None if otherwise is None else otherwise * remaining, None)
    together = sum(tasks.values(), Totals())
    mean_usd = None if together.unknown else together.usd / len(tasks)
    mean_cpu = together.cpu_s / len(tasks) if together.measured == together.calls else None
    return Forecast(
        remaining,
        len(tasks),
        None if mean_usd is None else mean_usd * remaining,
        None if mean_cpu is None else mean_cpu * remaining,
    )
