"""``export``: the plan in the languages of other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from nootropic_kernel.agents.planner import Planned, current_plan, current_spec
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.planning.hddl.export import hddl
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.pddl import pddl
from nootropic_kernel.planning.spec.records import encode
from nootropic_kernel.planning.views.board import States
from nootropic_kernel.planning.views.mermaid import mermaid_gantt, mermaid_graph
from nootropic_kernel.planning.views.tree import data
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.homes import named_path


def _done(states: States) -> list[str]:
    return [name for name, state in states.items() if state.status == "done"]


def _pddl(plan: Plan, states: States) -> dict[str, str]:
    made = pddl(plan, _done(states))
    return {"domain.pddl": made.domain, "problem.pddl": made.problem}


def _hddl(plan: Plan, states: States) -> dict[str, str]:
    made = hddl(plan, _done(states))
    return {"domain.hddl": made.domain, "problem.hddl": made.problem}


def _json(plan: Plan, states: States) -> dict[str, str]:
    return {"plan.json": encode(data(plan, states)) + "\n"}


def _mermaid(plan: Plan, states: States) -> dict[str, str]:
    return {"plan.mmd": mermaid_graph(plan, states)}


def _gantt(plan: Plan, states: States) -> dict[str, str]:
    return {"schedule.mmd": mermaid_gantt(plan, states)}


# From a format to what makes its files, by name, from a plan and the states of its tasks.
FORMATS: Mapping[str, Callable[[Plan, States], dict[str, str]]] = {
    "pddl": _pddl, "hddl": _hddl, "json": _json, "mermaid": _mermaid, "gantt": _gantt,
}  # fmt: skip


class ExportParams(Params):
    """Which language, and where to."""

    format: Literal["pddl", "hddl", "json", "mermaid", "gantt"] = Field(
        description="pddl or hddl for other planners, json for programs, mermaid or gantt to draw.",
        json_schema_extra={"position": 0},
    )
    out: str | None = Field(
        None, description="Write the files into this folder (made if need be, seen from the workspace's root)."
    )
    overwrite: bool = Field(False, description="With --out: replace files of that name that say something else.")


class ExportResult(Result):
    """The files of an export, by name, and where they were written."""

    format: str
    revision: int
    files: dict[str, str]
    written: list[str] = Field(default_factory=list)

    def text(self) -> str:
        if self.written:
            return "\n".join(f"Wrote {path}" for path in self.written)
        return "\n".join(text.rstrip("\n") for text in self.files.values())


@capability(effect=CapabilityEffect.DECIDE)
def export(params: ExportParams, session: Session) -> ExportResult:
    """Show the plan in another language: PDDL, HDDL, JSON or Mermaid; with `--out` write it into a folder.

    What is finished is a fact in the exported problem, what was given up or left for later is not in it, and all else
    is a task to be done. Any classical planner solves the PDDL, and finds an order of the same tasks.
    """
    current_spec(session.workspace)
    planned: Planned = current_plan(session.workspace, session.database())
    files = FORMATS[params.format](planned.plan, planned.states)
    written = (
        [] if params.out is None else _write(named_path(params.out, session.workspace.root), files, params.overwrite)
    )
    return ExportResult(format=params.format, revision=planned.plan.revision, files=files, written=written)


def _write(folder: Path, files: Mapping[str, str], overwrite: bool) -> list[str]:
    """Write the files, all or none of them where one is in the way."""
    try:
        other = [name for name, text in files.items() if _is_other(folder / name, text.encode("utf-8"))]
        if other and not overwrite:
            raise UsageError(
                f"{folder / other[0]} is there already and says something else.",
                next="Name another folder, or add `--overwrite`.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            draft = folder / f".{name}.noo"
            draft.unlink(missing_ok=True)
            with draft.open("xb") as file:  # a link of that name would lead elsewhere
                file.write(text.encode("utf-8"))
            draft.replace(folder / name)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to.", why=f"{error.strerror or error}.", next="Name another folder."
        ) from error
    return [str(folder / name) for name in files]


def _is_other(place: Path, content: bytes) -> bool:
    """Whether something else lies there. Only a plain file is opened: a pipe would never end."""
    if place.is_symlink() or not place.exists():
        return place.is_symlink()
    return not place.is_file() or place.read_bytes() != content
