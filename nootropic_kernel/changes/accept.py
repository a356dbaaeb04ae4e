"""Deciding on proposals: accept and reject by proposal, file or hunk; undo and redo by turn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.changes.changeset import FileEdit, FileOutcome, Hunk, HunkState
from nootropic_kernel.changes.layers import PathPlan, Shift
from nootropic_kernel.changes.store import NoSuchProposal, Proposal, ProposalStore, number_in, rebuilt, set_hunk
from nootropic_kernel.changes.turns import (
    HunkMove,
    Turn,
    TurnPlan,
    load_turn,
    perform,
    record_of,
    turn_lock,
    turns,
)
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace


class HunksRejected(NootropicError):
    """Everything that was named was rejected before; a hunk must be named itself to take that back."""


@dataclass(frozen=True)
class Decision:
    """What a reject did: the hunks that are rejected now, and sentences about those that could not be."""

    hunks: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def already(self) -> bool:
        """Nothing was changed."""
        return not self.hunks


@dataclass(frozen=True)
class Chosen:
    """The hunks that references name; ``by_number`` are those named one by one."""

    proposal: Proposal
    hunks: tuple[Hunk, ...]
    by_number: frozenset[int]


def choose(store: ProposalStore, refs: Sequence[str]) -> list[Chosen]:
    """The hunks that ``P1``, ``P1:2`` and ``P1/path`` name, by proposal.

    Raises:
        NoSuchProposal: a reference names nothing.
        UsageError: there is no reference.
    """
    if not refs:
        raise UsageError("Nothing is named.", next="Name a proposal (P1), a hunk (P1:2) or a file (P1/path).")
    found: dict[str, tuple[Proposal, set[int], set[int]]] = {}
    for ref in refs:
        name, separator, rest = _split(ref)
        if name.upper() not in found:
            proposal = store.get(name.upper())
            found[proposal.id] = (proposal, set(), set())
        proposal, numbers, by_number = found[name.upper()]
        hunks = proposal.changeset.hunks
        if separator == ":":
            number = number_in(f"P{rest}", "P")
            if proposal.changeset.hunk(number) is None:
                raise NoSuchProposal(f"There is no hunk {ref}.", next=f"{name} has the hunks 1 to {len(hunks)}.")
            numbers.add(number)
            by_number.add(number)
        elif separator == "/":
            own = {
                hunk.number
                for edit in proposal.changeset.files
                if rest in edit.paths
                for hunk in proposal.changeset.hunks_of(edit.path)
            }
            if not own:
                paths = ", ".join(edit.path for edit in proposal.changeset.files)
                raise NoSuchProposal(f"{name} does not touch {rest}.", next=f"It touches {paths}.")
            numbers |= own
        else:
            numbers |= {hunk.number for hunk in hunks}
    return [
        Chosen(proposal, tuple(h for h in proposal.changeset.hunks if h.number in numbers), frozenset(by_number))
        for proposal, numbers, by_number in found.values()
    ]


def accept(
    workspace: Workspace,
    database: StateDatabase,
    refs: Sequence[str],
    *,
    unsaved: Collection[str] = (),
    allow_executable: bool = False,
    edited: str | None = None,
) -> Turn:
    """Apply the named hunks to the files and commit exactly them, as one turn; all files or none.

    Args:
        workspace: where.
        database: its state.
        refs: proposals, hunks or files.
        unsaved: paths with unsaved edits in open tabs.
        allow_executable: yes to files that run by themselves.
        edited: the person's own text for the one named hunk.

    Raises:
        HunksRejected: what was named is rejected already.
        NootropicError: a refusal that names its reason; nothing was changed.
    """
    store = ProposalStore(database, workspace)
    with turn_lock(workspace, database):
        chosen = choose(store, refs)
        if edited is not None and (len(chosen) != 1 or len(chosen[0].hunks) != 1):
            raise UsageError("A text of your own goes with exactly one hunk.", next="Name it, for example P1:2.")
        if edited is not None and edited == chosen[0].hunks[0].new:
            edited = None
        takes = {each.proposal.id: _to_take(each) for each in chosen}
        if not any(takes.values()):
            return _already(database, chosen)
        plans = []
        moves: list[HunkMove] = []
        blob = None
        if edited is not None:
            with database.transaction() as connection:
                blob = put_blob(connection, edited.encode())
        for each in chosen:
            taken = takes[each.proposal.id]
            if not taken:
                continue
            plans.append((each.proposal, {hunk.number: edited for hunk in taken}))
            after = HunkState.ACCEPTED if edited is None else HunkState.EDITED
            moves += [HunkMove(each.proposal.number, h.number, h.state, after, blob) for h in taken]
        shifts = _shifts(plans)
        proposals = tuple(proposal.id for proposal, _ in plans)
        notes = _notes_on_others(chosen, takes)
        tasks = tuple(dict.fromkeys(p.task for p, _ in plans if p.task))
        plan = TurnPlan(
            "accept",
            _subject([proposal for proposal, _ in plans]),
            proposals,
            tasks,
            shifts,
            tuple(moves),
            notes=tuple(notes),
        )
        return perform(workspace, database, plan, unsaved=unsaved, allow_executable=allow_executable)


def reject(workspace: Workspace, database: StateDatabase, refs: Sequence[str]) -> Decision:
    """Reject the named hunks that are still pending; what was decided before stays, and is said."""
    store = ProposalStore(database, workspace)
    with turn_lock(workspace, database):
        rejected: list[str] = []
        notes: list[str] = []
        with database.transaction() as connection:
            for each in choose(store, refs):
                for hunk in each.hunks:
                    ref = each.proposal.ref(hunk.number)
                    if hunk.state is HunkState.PENDING:
                        set_hunk(connection, each.proposal.number, hunk.number, HunkState.REJECTED, None, None)
                        journal.append(connection, "hunk.rejected", ref, before=hunk.state.value)
                        rejected.append(ref)
                    elif hunk.state.in_tree:
                        notes.append(f"{ref} is accepted; `undo` takes it back.")
                    else:
                        notes.append(f"{ref} was {hunk.state.value} before.")
    return Decision(tuple(rejected), tuple(notes))


def undo(
    workspace: Workspace, database: StateDatabase, turn_id: str | None = None, *, unsaved: Collection[str] = ()
) -> Turn:
    """Take a turn back, by default the latest accept or redo that stands; itself a turn."""
    with turn_lock(workspace, database):
        every = turns(database)
        if turn_id is None:
            reversed_ids = {turn.reverses for turn in every}
            standing = [t for t in every if t.kind in ("accept", "redo") and t.id not in reversed_ids]
            if not standing:
                return _nothing("undo")
            turn = standing[-1]
        else:
            turn = load_turn(database, turn_id)
        kind = "redo" if turn.kind == "undo" else "undo"
        return _reverse(workspace, database, every, turn, kind, unsaved)


def redo(
    workspace: Workspace, database: StateDatabase, turn_id: str | None = None, *, unsaved: Collection[str] = ()
) -> Turn:
    """Bring back what an undo took, by default the latest undo that stands; itself a turn."""
    with turn_lock(workspace, database):
        every = turns(database)
        reversed_ids = {turn.reverses for turn in every}
        if turn_id is None:
            standing = [t for t in every if t.kind == "undo" and t.id not in reversed_ids]
            if not standing:
                return _nothing("redo")
            turn = standing[-1]
        else:
            turn = load_turn(database, turn_id)
            if turn.kind != "undo":  # the accept's own id: its undo is meant
                takers = [t for t in every if t.reverses == turn.id]
                if not takers:
                    return replace(turn, already=True, notes=(f"{turn.id} was not undone.",))
                turn = takers[0]
        return _reverse(workspace, database, every, turn, "redo", unsaved)


def _reverse(
    workspace: Workspace,
    database: StateDatabase,
    every: Sequence[Turn],
    turn: Turn,
    kind: str,
    unsaved: Collection[str],
) -> Turn:
    done = "undone" if kind == "undo" else "redone"
    earlier = [t for t in every if t.reverses == turn.id]
    if earlier:
        return replace(earlier[0], already=True, notes=(f"{turn.id} was already {done} by {earlier[0].id}.",))
    record, moves = record_of(database, turn)
    shifts = tuple(_reversed(path) for path in record.paths)
    back = tuple(
        HunkMove(m.proposal, m.number, m.after, HunkState.UNDONE if kind == "undo" else m.before, m.edited)
        for m in moves
    )
    plain = record.subject.removeprefix("Undo: ").removeprefix("Redo: ")
    tasks = tuple(dict.fromkeys(task for task in _tasks(workspace, database, record.proposals) if task))
    plan = TurnPlan(
        "redo" if kind == "redo" else "undo",
        f"{kind.capitalize()}: {plain}",
        tuple(record.proposals),
        tasks,
        shifts,
        back,
        number_in(turn.id, "A"),
    )
    # Whoever accepted these files once said yes to them then.
    return perform(workspace, database, plan, unsaved=unsaved, allow_executable=True)


def _reversed(plan: PathPlan) -> Shift:
    before, after = plan.before, plan.after
    mode = before.mode if before and (after is None or after.mode != before.mode) else None
    return Shift(
        plan.path,
        None if plan.shift_new is None else plan.shift_new.content,
        None if plan.shift_old is None else plan.shift_old.content,
        mode,
        plan,
    )


def _tasks(workspace: Workspace, database: StateDatabase, proposals: Iterable[str]) -> Iterable[str | None]:
    store = ProposalStore(database, workspace)
    for proposal in proposals:
        try:
            yield store.get(proposal).task
        except NootropicError:
            continue


def _to_take(chosen: Chosen) -> list[Hunk]:
    """The hunks to accept now: those pending, and rejected ones that are named one by one."""
    return [
        hunk
        for hunk in chosen.hunks
        if hunk.state is HunkState.PENDING or (hunk.state is HunkState.REJECTED and hunk.number in chosen.by_number)
    ]


def _already(database: StateDatabase, chosen: Sequence[Chosen]) -> Turn:
    """What to answer when nothing is left to accept: the turn that did it."""
    hunks = [(each.proposal, hunk) for each in chosen for hunk in each.hunks]
    decided = [(p, h) for p, h in hunks if h.state is not HunkState.REJECTED]
    if not decided:
        refs = [p.ref(h.number) for p, h in hunks]
        raise HunksRejected(
            f"{', '.join(refs)} was rejected.",
            why="A rejected hunk is not accepted along with others.",
            next=f"Name it to accept it after all: `accept {refs[0]}`.",
            hunks=refs,
        )
    notes = []
    for proposal, hunk in hunks:
        ref = proposal.ref(hunk.number)
        if hunk.state.in_tree:
            notes.append(f"{ref} is accepted already.")
        elif hunk.state is HunkState.UNDONE:
            notes.append(f"{ref} was accepted and undone; `redo` brings it back.")
        else:
            notes.append(f"{ref} was rejected.")
    refs_decided = {p.ref(h.number) for p, h in decided}
    by = [t for t in turns(database) if t.kind == "accept" and refs_decided & set(t.hunks)]
    return replace(by[-1], already=True, notes=tuple(notes))


def _notes_on_others(chosen: Sequence[Chosen], takes: Mapping[str, list[Hunk]]) -> list[str]:
    notes = []
    for each in chosen:
        taken = {hunk.number for hunk in takes[each.proposal.id]}
        for hunk in each.hunks:
            if hunk.number not in taken:
                notes.append(f"{each.proposal.ref(hunk.number)} stays {hunk.state.value}.")
    return notes


def _shifts(plans: Sequence[tuple[Proposal, Mapping[int, str | None]]]) -> tuple[Shift, ...]:
    """What the newly taken hunks change, on top of those of the same proposals that stand already."""
    shifts: dict[str, Shift] = {}
    for proposal, taken in plans:
        changeset = rebuilt(proposal)
        standing = {h.number: proposal.edited.get(h.number) for h in proposal.changeset.hunks if h.state.in_tree}
        for edit in changeset.files:
            if not taken.keys() & {hunk.number for hunk in changeset.hunks_of(edit.path)}:
                continue
            before = changeset.outcome(edit, standing)
            after = changeset.outcome(edit, {**standing, **taken})
            for shift in _file_shifts(edit, before, after):
                if shift.path in shifts:
                    raise UsageError(f"Two of these proposals change {shift.path}.", next="Accept them one by one.")
                shifts[shift.path] = shift
    return tuple(shifts.values())


def _file_shifts(edit: FileEdit, before: FileOutcome, after: FileOutcome) -> list[Shift]:
    mode = after.mode if after.mode != before.mode else None
    if before.path == after.path:
        return [Shift(after.path, before.content, after.content, mode)]
    return [Shift(before.path, before.content, None), Shift(after.path, None, after.content, mode)]


def _nothing(kind: str) -> Turn:
    return Turn(
        "", "undo" if kind == "undo" else "redo", None, "", already=True, notes=(f"There is nothing to {kind}.",)
    )


def _subject(proposals: Sequence[Proposal]) -> str:
    title = _one_line(proposals[0].changeset.provenance.title) or f"Accept {proposals[0].id}"
    return title if len(proposals) == 1 else f"{title}, and {len(proposals) - 1} more"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:120]


def _split(ref: str) -> tuple[str, str, str]:
    """``P1:2`` → P1, ``:``, 2; a path may hold a colon, so whichever sign comes first decides."""
    for place, sign in enumerate(ref):
        if sign in ":/":
            return ref[:place], sign, ref[place + 1 :]
    return ref, "", ""
