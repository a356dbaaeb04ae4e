"""Steps of data work as bindings: those of each kind in their order, and what each of them waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.planning.methods.binding_names import STEP_KINDS
from nootropic_kernel.planning.reading.steps import StepAsked


def step_bindings(steps: Sequence[StepAsked], always: Sequence[str]) -> dict[str, Any]:
    """``get_steps`` … ``keep_steps``, and ``before_get`` … ``before_keep``: the artifact before the first of a kind.

    ``have:<kind>`` is the artifact of the last step of a kind; ``after_steps`` names that of the very last.

    :param always: kinds that the methods make a step of even where the brief asks for none.
    """
    made: dict[str, Any] = {}
    before = ""
    for kind in _order(steps):
        mine = [step for step in steps if step.kind == kind]
        made[f"before_{kind}"] = before
        entries = []
        for index, step in enumerate(mine):
            last = index == len(mine) - 1
            own = f"step:{step.name}"
            entries.append(
                {
                    "step": step.name,
                    "Step": step.title,
                    "step_before": before or own,
                    "step_gives": f"have:{kind}" if last else own,
                }
            )
            before = f"have:{kind}" if last else own
        made[f"{kind}_steps"] = entries
        if not mine and kind in always:
            before = f"have:{kind}"
    made["after_steps"] = before
    return made


def asked_for(steps: Sequence[StepAsked]) -> list[str]:
    """What conditions may ask: `asks:plot`; `asks:keep-first` where charts are drawn of what was stored before."""
    return sorted({f"asks:{step.kind}" for step in steps} | ({"asks:keep-first"} if _keeps_first(steps) else set()))


def _order(steps: Sequence[StepAsked]) -> tuple[str, ...]:
    if not _keeps_first(steps):
        return STEP_KINDS
    rest = [kind for kind in STEP_KINDS if kind != "keep"]
    at = rest.index("plot")
    return (*rest[:at], "keep", *rest[at:])


def _keeps_first(steps: Sequence[StepAsked]) -> bool:
    """`store it in SQLite and plot a weekly chart`, but not `plot it and save the chart`."""
    kinds = [step.kind for step in steps]
    return "keep" in kinds and "plot" in kinds[kinds.index("keep") :] and "plot" not in kinds[: kinds.index("keep")]
