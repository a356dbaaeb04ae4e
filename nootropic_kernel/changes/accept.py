"""Deciding on proposals by proposal, file or hunk: accept, reject, and a text of the person's own instead."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.proposal import CheckResult
from nootropic_kernel.changes.references import Chosen, choose
from nootropic_kernel.changes.shifts import Step, shifts, standing
from nootropic_kernel.changes.store import Proposal, ProposalStore, put_text, rebuilt, set_hunk
from nootropic_kernel.changes.turns import HunkMove, Turn, TurnPlan, perform, turn_lock, turns
from nootropic_kernel.changes.undo import redo, undo
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.plain_text import visible

__all__ = ["ChecksFail", "Chosen", "Decision", "Draft", "HunkDecided", "HunksRejected", "HunksUndone", "accept",
           "choose", "edit", "redo", "reject", "undo"]  # fmt: skip


class ChecksFail(NootropicError):
    """A proposal of which a check says no needs a yes of its own."""


class HunksRejected(NootropicError):
    """Everything that was named was rejected before; a hunk must be named itself to take that back."""


class HunksUndone(NootropicError):
    """Hunks named one by one, among others to take, were accepted and undone: taking the others alone was not asked."""


class HunkDecided(NootropicError):
    """A hunk that was accepted: its text can be edited no more."""


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
class Draft:
    """A hunk's text of the person's own (None: as proposed); ``already``: it was so before."""

    ref: str
    path: str
    text: str | None
    already: bool = False


def accept(
    workspace: Workspace,
    database: StateDatabase,
    refs: Sequence[str],
    *,
    unsaved: Collection[str] = (),
    allow_executable: bool = False,
    failing: bool = False,
    edited: str | None = None,
) -> Turn:
    """Apply the named hunks to the files and commit exactly them, as one turn; all files or none.

    Args:
        workspace: where.
        database: its state.
        refs: proposals, hunks or files.
        unsaved: paths with unsaved edits in open tabs.
        allow_executable: yes to files that run by themselves.
        failing: yes to proposals of which a check says no, or that were left to a person.
        edited: the person's own text for the one named hunk.

    Raises:
        ChecksFail: a check of a proposal says no, to the whole of it or to what a part of it was taken from.
        HunksRejected: what was named is rejected already.
        HunksUndone: a hunk that is named beside others was undone.
        NootropicError: a refusal that names its reason; nothing was changed.
    """
    store = ProposalStore(database, workspace)
    with turn_lock(workspace, database):
        chosen = choose(store, refs)
        if edited is not None and (len(chosen) != 1 or len(chosen[0].hunks) != 1):
            raise UsageError("A text of your own goes with exactly one hunk.", next="Name it, for example P1:2.")
        takes = [(each.proposal, _to_take(each)) for each in chosen]
        takes = [(proposal, hunks) for proposal, hunks in takes if hunks]
        if not takes:
            return _already(database, chosen)
        _refuse_undone(chosen)
        if not failing:
            _refuse_failing(refs, [proposal for proposal, _ in takes])
        steps, moves = [], []
        with database.transaction() as connection:
            for proposal, hunks in takes:
                texts = {hunk.number: _text(proposal, hunk, edited) for hunk in hunks}
                stands = standing(proposal)
                steps.append(Step(proposal, stands, {**stands, **texts}))
                for hunk in hunks:
                    text = texts[hunk.number]
                    after = HunkState.ACCEPTED if text is None else HunkState.EDITED
                    blob = put_text(connection, text)
                    moves.append(HunkMove(proposal.number, hunk.number, hunk.state, after, blob))
        proposals = [proposal for proposal, _ in takes]
        plan = TurnPlan(
            "accept",
            _subject(proposals),
            tuple(proposal.id for proposal in proposals),
            tuple(dict.fromkeys(task for step in steps for task in _tasks_of(step))),
            shifts(workspace.root, steps),
            tuple(moves),
            notes=(*_notes_on_others(chosen, takes), *_note_on_parts(takes), *_notes_on_alternatives(store, proposals)),
        )
        try:
            return perform(workspace, database, plan, unsaved=unsaved, allow_executable=allow_executable)
        except ChangedSince as error:
            error.next = _way_on(error, proposals)
            raise


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
                        blob = put_text(connection, each.proposal.edited.get(hunk.number))
                        set_hunk(connection, each.proposal.number, hunk.number, HunkState.REJECTED, blob, None)
                        journal.append(connection, "hunk.rejected", ref, before=hunk.state.value, edited=blob)
                        rejected.append(ref)
                    elif hunk.state.in_tree:
                        notes.append(f"{ref} is accepted; `undo` takes it back.")
                    else:
                        notes.append(f"{ref} was {hunk.state.value} before.")
    return Decision(tuple(rejected), tuple(notes))


def edit(workspace: Workspace, database: StateDatabase, ref: str, text: str | None) -> Draft:
    """Keep a text of the person's own for one hunk that is not accepted; ``accept`` then takes it.

    Args:
        workspace: where.
        database: its state.
        ref: the hunk, or a proposal or file that has just one.
        text: what shall stand instead of the proposed text; None drops the draft.

    Raises:
        HunkDecided: the hunk stands in the files, or was undone.
        HunkNotEditable: it is not about lines of text.
        NotEncodable: the file's encoding lacks a character of the text.
        UsageError: not exactly one hunk is named.
    """
    store = ProposalStore(database, workspace)
    with turn_lock(workspace, database):
        chosen = choose(store, [ref])[0]
        if len(chosen.hunks) != 1:
            raise UsageError(
                f"{ref} names {len(chosen.hunks)} hunks.",
                why="A text of your own goes with exactly one hunk.",
                next=f"Name it, for example {chosen.proposal.ref(chosen.hunks[0].number)}.",
            )
        hunk, proposal = chosen.hunks[0], chosen.proposal
        name = proposal.ref(hunk.number)
        before = proposal.edited.get(hunk.number)
        after = None if text == hunk.new else text
        if before == after:  # also below what was accepted since: a notebook that is run again
            return Draft(name, hunk.path, after, already=True)
        if hunk.state not in (HunkState.PENDING, HunkState.REJECTED):
            raise HunkDecided(
                f"{name} is {hunk.state.value}.",
                why="A text of your own is kept for hunks that are not accepted yet.",
                next=f"`undo {name}` takes it back; then edit the file by hand, or ask for the change again."
                if hunk.state.in_tree
                else f"`redo {name}` brings it back as it was; for another text, edit the file by hand.",
            )
        if after is not None:
            changeset = rebuilt(proposal)
            (file,) = [each for each in changeset.files if each.path == hunk.path]
            changeset.outcome(file, {hunk.number: after})  # says here and now what cannot be
        with database.transaction() as connection:
            blob = put_text(connection, after)
            set_hunk(connection, proposal.number, hunk.number, hunk.state, blob, None)
            journal.append(connection, "hunk.drafted", name, before=hunk.state.value, edited=blob)
    return Draft(name, hunk.path, after)


def _text(proposal: Proposal, hunk: Hunk, edited: str | None) -> str | None:
    """The person's own text for a hunk: given now, or drafted before; None where it is the proposed one."""
    text = proposal.edited.get(hunk.number) if edited is None else edited
    return None if text == hunk.new else text


def _to_take(chosen: Chosen) -> list[Hunk]:
    """The hunks to accept now: those pending, and rejected ones that are named one by one."""
    return [
        hunk
        for hunk in chosen.hunks
        if hunk.state is HunkState.PENDING or (hunk.state is HunkState.REJECTED and hunk.number in chosen.by_number)
    ]


def _tasks_of(step: Step) -> list[str]:
    """The tasks that count as landed with this step: those of the whole only when all of it stands."""
    proposal = step.proposal
    whole = len(step.after) == len(proposal.changeset.hunks)
    own = [proposal.task] if proposal.task else []
    return [*own, *proposal.changeset.provenance.tasks] if whole else own


def _way_on(error: ChangedSince, proposals: Sequence[Proposal]) -> str:
    """The commands that make a proposal anew where the files moved on under it."""
    path = error.data["paths"][0]
    proposal = next(p for p in proposals if any(path in edit.paths for edit in p.changeset.files))
    alone = proposal.task and not standing(proposal)  # a task of which a part stands is done, and not run again
    again = f"`run {proposal.task}` makes it anew" if alone else "ask for the change again"
    return f"`reject {proposal.id}`, then {again}; or make the edit by hand."


def _refuse_undone(chosen: Sequence[Chosen]) -> None:
    """Neither leave out in silence what was named, nor take it back by a cell that is run again: `redo` does that."""
    refs = [
        each.proposal.ref(hunk.number)
        for each in chosen
        for hunk in each.hunks
        if hunk.state is HunkState.UNDONE and hunk.number in each.by_number
    ]
    if refs:
        raise HunksUndone(
            f"{', '.join(refs)} {'was' if len(refs) == 1 else 'were'} accepted and undone.",
            why="Nothing was accepted: the others alone are not what you named.",
            next=f"`redo {' '.join(refs)}` first; then `accept` takes the others.",
            hunks=refs,
        )


def _refuse_failing(refs: Sequence[str], proposals: Sequence[Proposal]) -> None:
    """What was checked is the whole: of a part nobody knows that it does better."""
    failed = {p.id: [check for check in p.checks if check.passed is False] for p in proposals}
    failed = {name: checks for name, checks in failed.items() if checks}
    if failed:
        told = [f"{name} fails its checks: {'; '.join(map(_said, checks))}." for name, checks in failed.items()]
        raise ChecksFail(
            " ".join(told),
            why="A change that fails a check is accepted only with a yes of its own.",
            next=f"Read it, then `accept {shlex.join(refs)} --failing`; or `reject {' '.join(failed)}`.",
            proposals=list(failed),
        )


def _said(check: CheckResult) -> str:
    detail = _one_line(visible(check.detail)).rstrip(".")
    return f"{check.name}: {detail}" if detail else check.name


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
            notes.append(f"{ref} was accepted and undone; `redo {ref}` brings it back.")
        else:
            notes.append(f"{ref} was rejected.")
    refs_decided = {p.ref(h.number) for p, h in decided}
    by = [t for t in turns(database) if t.kind == "accept" and refs_decided & set(t.hunks)]
    return replace(by[-1], already=True, notes=tuple(notes))


def _notes_on_others(chosen: Sequence[Chosen], takes: Sequence[tuple[Proposal, Sequence[Hunk]]]) -> list[str]:
    taken = {proposal.ref(hunk.number) for proposal, hunks in takes for hunk in hunks}
    named = [(each.proposal.ref(hunk.number), hunk) for each in chosen for hunk in each.hunks]
    return [
        f"{ref} stays undone; `redo {ref}` brings it back."
        if hunk.state is HunkState.UNDONE
        else f"{ref} stays {hunk.state.value}."
        for ref, hunk in named
        if ref not in taken
    ]


def _note_on_parts(takes: Sequence[tuple[Proposal, Sequence[Hunk]]]) -> list[str]:
    """What passed as a whole may fail without some of its hunks."""
    for proposal, hunks in takes:
        said = [check.passed for check in proposal.checks]
        part = len(standing(proposal)) + len(hunks) < len(proposal.changeset.hunks)
        if part and True in said and False not in said:
            return ["The checks looked at the whole proposal, not at this part."]
    return []


def _notes_on_alternatives(store: ProposalStore, proposals: Sequence[Proposal]) -> list[str]:
    notes = []
    taken = {proposal.id for proposal in proposals}
    for task, proposal in {p.task: p for p in proposals if p.task}.items():
        others = [name for name in store.alternatives(proposal.id) if name not in taken]
        if others:
            several = len(others) > 1
            named = f"{', '.join(others[:-1])} and {others[-1]} are" if several else f"{others[0]} is"
            what = "alternatives" if several else "an alternative"
            notes.append(
                f"{named} {what} for {task}; `reject {' '.join(others)}` sets {'them' if several else 'it'} aside."
            )
    return notes


def _subject(proposals: Sequence[Proposal]) -> str:
    title = _one_line(proposals[0].changeset.provenance.title) or f"Accept {proposals[0].id}"
    return title if len(proposals) == 1 else f"{title}, and {len(proposals) - 1} more"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:120]
