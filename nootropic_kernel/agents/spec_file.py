"""project-spec.md as it is read: its bytes, the plan in them, and what stands beside the grammar."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.changes.files import FileState, read_file
from nootropic_kernel.planning.errors import SpecUnreadable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME, Spec, read
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace


class NoPlan(NootropicError):
    """There is no project-spec.md in this workspace."""

    in_cell = "Write a brief below `%%noo plan`."

    def __init__(self) -> None:
        super().__init__("There is no plan here yet.", next='Run `noo plan --brief "…"`.')


@dataclass(frozen=True)
class SpecRead:
    """project-spec.md as it was read: its bytes and what they hold, and what was done to bring it in order."""

    state: FileState
    spec: Spec
    notes: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan in it."""
        return self.spec.plan


def current_spec(workspace: Workspace) -> Spec:
    """The plan of the workspace.

    :raises NoPlan: when there is no project-spec.md.
    :raises SpecForeign: when it is not ours.
    :raises SpecUnreadable: with the line that breaks the grammar.
    :raises PlanInvalid: when it is readable and breaks a rule.
    """
    found = read_state(workspace)
    if found is None:
        raise NoPlan
    check(found.plan)
    return found.spec


def read_state(workspace: Workspace) -> SpecRead | None:
    """project-spec.md as it is, or None; unlike :func:`current_spec` it may break rules that plans keep."""
    state = read_file(workspace.root, FILE_NAME)
    if state is None:
        return None
    try:
        return SpecRead(state, read(state.content.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = state.content[: error.start].count(b"\n") + 1
        raise SpecUnreadable(line, "it is not UTF-8 text") from None


def spec_notes(spec: Spec) -> tuple[str, ...]:
    """What stands in project-spec.md beside the grammar, in sentences."""
    return tuple(f"project-spec.md, {note.sentence()}." for note in spec.notes)
