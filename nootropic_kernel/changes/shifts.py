"""What a decision on hunks does to each path: the files as the hunks taken so far give them, and as they shall be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nootropic_kernel.changes.changeset import FileEdit, FileOutcome
from nootropic_kernel.changes.files import read_file, usual_mode
from nootropic_kernel.changes.path_plan import Shift
from nootropic_kernel.changes.store import Proposal, rebuilt
from nootropic_kernel.workspace.errors import NootropicError, UsageError

Texts = Mapping[int, str | None]


class HunksNeedEachOther(NootropicError):
    """Hunks that make no tree of files unless others of the same proposal are decided with them."""


@dataclass(frozen=True)
class Step:
    """The hunks of one proposal that stand ``before`` and ``after`` a decision, each with the person's text or None.

    ``earlier_mode`` tells which permissions a file had before the proposal, where that is known.
    """

    proposal: Proposal
    before: Texts
    after: Texts
    earlier_mode: Callable[[FileEdit], int | None] = lambda edit: None


def standing(proposal: Proposal) -> dict[int, str | None]:
    """The hunks whose change stands in the files, with the person's own text or None."""
    return {h.number: proposal.edited.get(h.number) for h in proposal.changeset.hunks if h.state.in_tree}


def shifts(root: Path, steps: Sequence[Step]) -> tuple[Shift, ...]:
    """What each path becomes; files that go come first, so that a folder may take the place of a file.

    Raises:
        HunksNeedEachOther: the hunks that would stand do not make a tree of files.
        UsageError: two proposals change the same path.
    """
    found: dict[str, Shift] = {}
    for step in steps:
        for shift in _of_one(root, step):
            if shift.path in found:
                raise UsageError(f"Two of these proposals change {shift.path}.", next="Accept them one by one.")
            found[shift.path] = shift
    return tuple(sorted(found.values(), key=lambda shift: shift.new is not None))


@dataclass(frozen=True)
class _Placed:
    """What lies at a path, and the edit that puts it there."""

    edit: FileEdit
    outcome: FileOutcome


def _of_one(root: Path, step: Step) -> list[Shift]:
    changeset = rebuilt(step.proposal)
    before: dict[str, _Placed] = {}
    after: dict[str, _Placed] = {}
    was: dict[str, FileOutcome] = {}
    for edit in changeset.files:
        was[edit.path] = outcome = changeset.outcome(edit, step.before)
        _put(before, _Placed(edit, outcome), step)
        _put(after, _Placed(edit, changeset.outcome(edit, step.after)), step)
    _check_folders(after, step)
    found = []
    for path in [*before, *(path for path in after if path not in before)]:
        old, new = before.get(path), after.get(path)
        if new is None:
            found.append(Shift(path, old.outcome.content if old else None, None))
            continue
        source = was[new.edit.path]
        moved_from = None
        asked = _permissions(new.outcome.mode)
        if old is not None and old.edit is new.edit:
            if old.outcome == new.outcome:
                continue
            mode = None if new.outcome.mode == old.outcome.mode else asked or step.earlier_mode(new.edit)
        elif source.content is not None:  # it moves here, with its permissions
            moved_from = source.path
            there = read_file(root, source.path)
            mode = _executed(there.mode, asked) if there is not None else asked
            if asked is None and source.mode is not None:  # and they go back too
                mode = step.earlier_mode(new.edit) or mode
        else:
            mode = asked or step.earlier_mode(new.edit)
        found.append(
            Shift(path, old.outcome.content if old else None, new.outcome.content, mode, moved_from=moved_from)
        )
    return found


def _permissions(mode: int | None) -> int | None:
    """What a proposal may ask for, as what Git keeps, is execution only: no setuid bit, nothing for everybody."""
    return mode if mode is None else usual_mode(executable=bool(mode & 0o100))


def _executed(mode: int, asked: int | None) -> int:
    """A file's own permissions, with execution for whoever may read it where that is asked for."""
    if asked is None:
        return mode
    return mode | (mode & 0o444) >> 2 if asked & 0o100 else mode & ~0o111


def _put(tree: dict[str, _Placed], placed: _Placed, step: Step) -> None:
    path = placed.outcome.path
    if placed.outcome.content is None:
        return
    if path in tree:
        raise _need(step, [tree[path].edit, placed.edit], f"Both would put a file at {path}.")
    tree[path] = placed


def _check_folders(tree: Mapping[str, _Placed], step: Step) -> None:
    for path, placed in tree.items():
        for parent in PurePosixPath(path).parents:
            other = tree.get(parent.as_posix())
            if other is not None:
                raise _need(step, [other.edit, placed.edit], f"{parent} cannot be a file and a folder at once.")


def _need(step: Step, edits: Sequence[FileEdit], why: str) -> HunksNeedEachOther:
    paths = {edit.path for edit in edits}
    refs = [step.proposal.ref(h.number) for h in step.proposal.changeset.hunks if h.path in paths]
    return HunksNeedEachOther(
        f"{', '.join(refs)} go together.",
        why=why,
        next=f"Decide on them together: name {' '.join(refs)}, or {step.proposal.id}.",
        hunks=refs,
    )
