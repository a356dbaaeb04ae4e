"""Taking decisions back and bringing them back: a whole turn, a proposal, a file or single hunks. Each is a turn too.

A turn as a whole goes back exactly as it came. Single hunks go back by what is left of their proposal without them,
merged into whatever was done since. What was undone and brought back once is not undone again by the same words, so
that a notebook may be run again; the turn that brought it back has an id of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nootropic_kernel.changes.changeset import FileEdit, Hunk, HunkState
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.path_plan import PathPlan, Shift
from nootropic_kernel.changes.references import choose
from nootropic_kernel.changes.shifts import Step, shifts, standing
from nootropic_kernel.changes.store import Proposal, ProposalStore, number_in, put_text
from nootropic_kernel.changes.turn_record import HunkMove, Turn, TurnPlan, load_turn, modes_before, record_of, turns
from nootropic_kernel.changes.turns import perform, turn_lock
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace

Kind = Literal["undo", "redo"]
_DONE = {"undo": "undone", "redo": "brought back"}


def undo(
    workspace: Workspace,
    database: StateDatabase,
    what: str | Sequence[str] | None = None,
    *,
    again: bool = False,
    unsaved: Collection[str] = (),
) -> Turn:
    """Take accepted hunks back; itself a turn.

    Args:
        workspace: where.
        database: its state.
        what: a turn (A1), or proposals, files and hunks (P1, P1/path, P1:2); None is the latest accept that stands.
        again: also what was undone and brought back before.
        unsaved: paths with unsaved edits in open tabs.

    Raises:
        NootropicError: a refusal that names its reason; nothing was changed.
    """
    return _Reversal(workspace, database, unsaved, "undo", again).carry_out(what)


def redo(
    workspace: Workspace,
    database: StateDatabase,
    what: str | Sequence[str] | None = None,
    *,
    again: bool = False,
    unsaved: Collection[str] = (),
) -> Turn:
    """Bring back what an undo took; itself a turn. Arguments as for `undo`; a turn may also be the accept's own id."""
    return _Reversal(workspace, database, unsaved, "redo", again).carry_out(what)


@dataclass(frozen=True)
class _Hunk:
    """A hunk that is to change sides."""

    proposal: Proposal
    hunk: Hunk

    @property
    def ref(self) -> str:
        return self.proposal.ref(self.hunk.number)


class _Reversal:
    def __init__(
        self, workspace: Workspace, database: StateDatabase, unsaved: Collection[str], kind: Kind, again: bool
    ) -> None:
        self.workspace, self.database, self.unsaved = workspace, database, unsaved
        self.kind: Kind = kind
        self.again = again
        self.store = ProposalStore(database, workspace)

    def carry_out(self, what: str | Sequence[str] | None) -> Turn:
        names = [what] if isinstance(what, str) else list(what or ())
        of_turns = [name for name in names if number_in(name, "A")]
        if of_turns and len(names) > 1:
            raise UsageError(
                f"`{self.kind}` takes one turn at a time.",
                next=f"Name one turn ({of_turns[0]}), or proposals, files and hunks (P1, P1/path, P1:2).",
            )
        with turn_lock(self.workspace, self.database):
            if names and not of_turns and names[0][:1] not in "Aa":
                return self._hunks(names)
            return self._turn(names[0] if names else None)

    def _turn(self, name: str | None) -> Turn:
        every = turns(self.database)
        if name is None:
            name = self._latest()
            if name is None:
                return _nothing(self.kind)
        turn = load_turn(self.database, name)
        kind: Kind = "redo" if turn.kind == "undo" else "undo"
        if self.kind == "redo" and turn.kind != "undo":  # the accept's own id: its undo is meant
            takers = [t for t in every if t.reverses == turn.id]
            if not takers:
                if undone := self._undone(turn):
                    return self._hunks(undone)
                return replace(turn, already=True, notes=(f"{turn.id} was not undone.",))
            turn, kind = takers[0], "redo"
        earlier = [t for t in every if t.reverses == turn.id]
        if earlier:
            done = "undone" if kind == "undo" else "redone"
            return replace(earlier[0], already=True, notes=(f"{turn.id} was already {done} by {earlier[0].id}.",))
        record, moves = record_of(self.database, turn)
        number = number_in(turn.id, "A")
        rows = self._rows([(move.proposal, move.number) for move in moves])
        plain = record.subject.removeprefix("Undo: ").removeprefix("Redo: ")
        if all(turn_of == number for _, turn_of in rows.values()):
            back = tuple(
                HunkMove(m.proposal, m.number, m.after, HunkState.UNDONE if kind == "undo" else m.before, m.edited)
                for m in moves
            )
            paths = tuple(sorted(map(_reversed, record.paths), key=lambda shift: shift.new is not None))
            tasks = tuple(dict.fromkeys(task for task in self._tasks(record.proposals, kind, moves) if task))
            plan = TurnPlan(kind, f"{kind.capitalize()}: {plain}", tuple(record.proposals), tasks, paths, back, number)
            return self._perform(plan)
        # Some of its hunks changed sides by themselves since: the others follow now.
        hunks, notes = [], []
        proposals = {name: self.store.get(name) for name in record.proposals}
        for move in moves:
            proposal = proposals[f"P{move.proposal}"]
            hunk = proposal.changeset.hunks[move.number - 1]
            if _waits(hunk, kind):
                hunks.append(_Hunk(proposal, hunk))
            else:
                notes.append(f"{proposal.ref(hunk.number)} was {_DONE[kind]} before.")
        if not hunks:
            return replace(turn, already=True, notes=tuple(notes))
        return self._move(hunks, kind, plain, notes, number)

    def _hunks(self, refs: Sequence[str]) -> Turn:
        hunks, notes = [], []
        for each in choose(self.store, refs):
            repeated = {} if self.again else self._repeated(each.proposal)
            for hunk in each.hunks:
                name = each.proposal.ref(hunk.number)
                if not _waits(hunk, self.kind):
                    if hunk.number in each.by_number or len(each.hunks) == 1:
                        notes.append(f"{name} is {hunk.state.value}.")
                elif hunk.number in repeated:
                    first, last = repeated[hunk.number]
                    notes.append(
                        f"{name} was {_DONE[self.kind]} by A{first}, which A{last} reversed; "
                        f"`{self.kind} {name} --again` does it once more."
                    )
                else:
                    hunks.append(_Hunk(each.proposal, hunk))
        if not hunks:
            nothing = _nothing(self.kind)
            return replace(nothing, notes=tuple(notes or nothing.notes))
        titles = dict.fromkeys(each.proposal.changeset.provenance.title for each in hunks)
        plain = next((" ".join(title.split())[:120] for title in titles if title.strip()), hunks[0].ref)
        return self._move(hunks, self.kind, plain, notes, None)

    def _move(self, hunks: Sequence[_Hunk], kind: Kind, plain: str, notes: Sequence[str], reverses: int | None) -> Turn:
        by_proposal: dict[str, list[_Hunk]] = {}
        for each in hunks:
            by_proposal.setdefault(each.proposal.id, []).append(each)
        steps: list[Step] = []
        moves: list[HunkMove] = []
        tasks: list[str] = []
        with self.database.transaction() as connection:
            for own in by_proposal.values():
                proposal = own[0].proposal
                before = standing(proposal)
                texts = {each.hunk.number: proposal.edited.get(each.hunk.number) for each in own}
                if kind == "undo":
                    after = {number: text for number, text in before.items() if number not in texts}
                    steps.append(Step(proposal, before, after, self._earlier_mode(own)))
                else:
                    after = {**before, **texts}
                    steps.append(Step(proposal, before, after))
                # What still stands in part still counts as landed for whoever reads the trailers.
                if proposal.task and (kind == "redo" or not after):
                    tasks.append(proposal.task)
                # And what the whole did is undone with any part of it.
                if kind == "undo" or len(after) == len(proposal.changeset.hunks):
                    tasks += proposal.changeset.provenance.tasks
                for number, text in texts.items():
                    blob = put_text(connection, text)
                    stands = HunkState.ACCEPTED if text is None else HunkState.EDITED
                    sides = (stands, HunkState.UNDONE) if kind == "undo" else (HunkState.UNDONE, stands)
                    moves.append(HunkMove(proposal.number, number, *sides, blob))
        plan = TurnPlan(
            kind,
            f"{kind.capitalize()}: {plain}",
            tuple(by_proposal),
            tuple(dict.fromkeys(tasks)),
            shifts(self.workspace.root, steps),
            tuple(moves),
            reverses,
            tuple(notes),
        )
        return self._perform(plan)

    def _perform(self, plan: TurnPlan) -> Turn:
        # Whoever accepted these files once said yes to them then.
        try:
            return perform(self.workspace, self.database, plan, unsaved=self.unsaved, allow_executable=True)
        except ChangedSince as error:
            if later := self._later(error.data["paths"][0], plan.moves):
                error.next = f"`undo {later}` first: it changed the file later. Or make the edit by hand."
            raise

    def _later(self, path: str, moves: Sequence[HunkMove]) -> str | None:
        """The latest turn after those of the hunks that changed the file too, and still stands."""
        rows = self._rows([(move.proposal, move.number) for move in moves])
        since = max((turn for _, turn in rows.values() if turn is not None), default=0)
        query = "SELECT DISTINCT turn FROM proposal_hunks WHERE state IN ('accepted', 'edited') AND turn > ?"
        standing = {f"A{row['turn']}" for row in self.database.read().execute(query, (since,))}
        return next((t.id for t in reversed(turns(self.database)) if t.id in standing and path in t.paths), None)

    def _latest(self) -> str | None:
        """The latest turn with a hunk that still is where it put it."""
        states = ("accepted", "edited") if self.kind == "undo" else ("undone", "undone")
        query = "SELECT MAX(turn) AS latest FROM proposal_hunks WHERE state IN (?, ?)"
        latest = self.database.read().execute(query, states).fetchone()["latest"]
        return None if latest is None else f"A{latest}"

    def _undone(self, turn: Turn) -> list[str]:
        """The hunks of a turn that were undone one by one."""
        _, moves = record_of(self.database, turn)
        rows = self._rows([(move.proposal, move.number) for move in moves])
        return [f"P{p}:{n}" for (p, n), (state, _) in sorted(rows.items()) if state == HunkState.UNDONE]

    def _rows(self, hunks: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, int | None]]:
        """State and latest turn of each hunk."""
        wanted = set(hunks)
        found = {}
        for proposal in {proposal for proposal, _ in wanted}:
            query = "SELECT number, state, turn FROM proposal_hunks WHERE proposal = ?"
            for row in self.database.read().execute(query, (proposal,)):
                if (proposal, row["number"]) in wanted:
                    found[proposal, row["number"]] = (row["state"], row["turn"])
        return found

    def _repeated(self, proposal: Proposal) -> dict[int, tuple[int, int]]:
        """Hunks that were undone (redone) before: the first such turn, and the latest turn of all."""
        query = (
            "SELECT moved.number, MIN(CASE WHEN turns.kind = ? THEN moved.turn END) AS first, MAX(moved.turn) AS last"
            " FROM turn_hunks moved JOIN turns ON turns.number = moved.turn"
            " WHERE moved.proposal = ? AND turns.state = 'done' GROUP BY moved.number"
        )
        rows = self.database.read().execute(query, (self.kind, proposal.number))
        return {row["number"]: (row["first"], row["last"]) for row in rows if row["first"] is not None}

    def _earlier_mode(self, hunks: Sequence[_Hunk]) -> Callable[[FileEdit], int | None]:
        """The permissions that a file had before the first of these hunks was accepted."""
        rows = self._rows([(each.proposal.number, each.hunk.number) for each in hunks])

        def mode(edit: FileEdit) -> int | None:
            own = [each for each in hunks if each.hunk.path == edit.path]
            taken = [rows[each.proposal.number, each.hunk.number][1] for each in own]
            modes = modes_before(self.database, min((turn for turn in taken if turn is not None), default=0))
            return next((modes[path] for path in edit.paths if path in modes), None)

        return mode

    def _tasks(self, proposals: Iterable[str], kind: Kind, moves: Sequence[HunkMove]) -> Iterable[str | None]:
        """The tasks that land or go with a turn; those of a proposal as a whole land only when all of it stands."""
        for name in proposals:
            try:
                proposal = self.store.get(name)
            except NootropicError:
                continue
            yield proposal.task
            back = {move.number for move in moves if move.proposal == proposal.number}
            hunks = proposal.changeset.hunks
            if kind == "undo" or all(hunk.state.in_tree or hunk.number in back for hunk in hunks):
                yield from proposal.changeset.provenance.tasks


def _waits(hunk: Hunk, kind: Kind) -> bool:
    return hunk.state.in_tree if kind == "undo" else hunk.state is HunkState.UNDONE


def _nothing(kind: Kind) -> Turn:
    return Turn("", kind, None, "", already=True, notes=(f"There is nothing to {kind}.",))


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
