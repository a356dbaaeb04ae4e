"""Turns: a decision that changes files, all or nothing, also when the process is killed in the middle of it.

First an intent with every file's old and new bytes goes into the database, then the files are written, then Git
commits, then the turn is done. Whoever comes next and finds an intent finishes it if its commit was made, and takes it
back if not.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from nootropic_kernel.changes.commit import CommitRefused
from nootropic_kernel.changes.files import FileMoved, read_file, remove_draft, replace_file
from nootropic_kernel.changes.layers import Layers, mode_of
from nootropic_kernel.changes.store import SCHEMA, set_hunk
from nootropic_kernel.changes.turn_record import (
    HunkMove,
    NoSuchTurn,
    Turn,
    TurnDamaged,
    TurnPlan,
    TurnRecord,
    damaged_turns,
    load_turn,
    moves_of,
    record_of,
    refs_of,
    turns,
)
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.errors import NootropicError, PathRefused
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import LockBusy, process_lock
from nootropic_kernel.workspace.rules import lexical_fault

__all__ = ["HunkMove", "NoSuchTurn", "Turn", "TurnDamaged", "TurnPlan", "TurnRecord", "damaged_turns", "load_turn",
           "perform", "record_of", "recover",
           "turn_lock", "turns"]  # fmt: skip

LOCK_TIMEOUT_S = 60.0


class NotRecorded(NootropicError):
    """The commit stands, and the database could not be told."""


@contextmanager
def turn_lock(workspace: Workspace, database: StateDatabase, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """One decision at a time in a workspace; a turn that somebody left unfinished is settled first."""
    workspace.ensure()
    database.ensure_schema(SCHEMA)
    with process_lock(workspace.state_dir / "turns.lock", timeout_s=timeout_s):
        _recover(workspace, database)
        yield


def recover(workspace: Workspace, database: StateDatabase) -> None:
    """Finish or take back what a killed process left unfinished; a decision that is being carried out is left alone."""
    database.ensure_schema(SCHEMA)
    if not _unfinished(database):
        return
    try:
        with process_lock(workspace.state_dir / "turns.lock", timeout_s=0):
            _recover(workspace, database)
    except LockBusy:
        return  # not unfinished: somebody is at it
    except NootropicError:
        return  # a full disk, a Git that waits: whoever decides next is told; reading needs no decision


def perform(
    workspace: Workspace,
    database: StateDatabase,
    plan: TurnPlan,
    *,
    unsaved: Collection[str] = (),
    allow_executable: bool = False,
) -> Turn:
    """Carry a turn out, or leave everything as it was. The caller holds `turn_lock`."""
    mode = mode_of(workspace)
    layers = Layers(workspace, mode)
    paths = layers.plan(plan.shifts, unsaved=unsaved, allow_executable=allow_executable)
    record = TurnRecord(mode, layers.head, plan.subject, list(plan.proposals), paths, list(plan.notes))
    if mode == "files":
        record.notes.append("There is no Git repository here: the files were written, nothing was committed.")
    elif mode == "stage":
        record.notes.append("The change is staged, not committed (commitOnAccept is false).")
        if loose := [path.path for path in paths if path.index_before is path.index_after is None]:
            record.notes.append(f"Git does not track {', '.join(loose)}: written, not staged.")
    number = _intend(database, plan, record)
    try:
        commit = _execute(layers, number, plan, record)
    except BaseException as error:
        _settle(layers, database, number, record, error=error)
        raise
    try:
        _finish(layers, database, number, record, commit)
    except NootropicError as error:
        if commit is None:
            raise  # the next decision takes it back, as the error says
        raise NotRecorded(
            f"The change is committed as {commit[:12]}, but that could not be recorded.",
            why=str(error),
            next="The commit stands, and the next decision here completes the record once this is mended.",
            commit=commit,
        ) from error
    return load_turn(database, f"A{number}")


def _intend(database: StateDatabase, plan: TurnPlan, record: TurnRecord) -> int:
    with database.transaction() as connection:
        number = int(connection.execute("SELECT COALESCE(MAX(number), 0) + 1 AS next FROM turns").fetchone()["next"])
        connection.execute(
            "INSERT INTO turns (number, kind, reverses, state, at, record) VALUES (?, ?, ?, 'intent', ?, ?)",
            (number, plan.kind, plan.reverses, time.time(), record.to_json(connection)),
        )
        connection.executemany(
            "INSERT INTO turn_hunks (turn, proposal, number, before, after, edited) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, m.proposal, m.number, m.before.value, m.after.value, m.edited) for m in plan.moves],
        )
        journal.append(connection, "turn.intended", f"A{number}", turn=plan.kind, hunks=refs_of(plan.moves))
    return number


def _execute(layers: Layers, number: int, plan: TurnPlan, record: TurnRecord) -> str | None:
    root = layers.workspace.root
    for k, path in enumerate(record.paths):
        replace_file(root, path.path, path.before, path.after, draft=_draft(number, k))
    commit = None
    if record.mode == "commit":
        changed = {p.path: p.head_after for p in record.paths if p.head_after != p.head_before}
        own = layers.own_lines([path for path in record.paths if path.path in changed])
        message = _message(plan, number)
        commit = layers.repository.commit(changed, message, record.parent, mark=record.mark, own=own)
        if commit is None:
            record.notes.append("HEAD holds this already: there was nothing to commit.")
    for path in record.paths:
        now = read_file(root, path.path)
        if now == path.after:
            continue
        if commit is None:
            raise FileMoved(path.path)
        # The repository's own hook formatted what it was shown, or the person saved the file meanwhile.
        record.notes.append(f"{path.path} was changed by somebody else (a hook?) while it was committed.")
    return commit


def _finish(layers: Layers, database: StateDatabase, number: int, record: TurnRecord, commit: str | None) -> None:
    """The files stand, the commit is made: bring the person's index along, and record the decision."""
    if commit is not None:
        record.paths = layers.as_committed(record.paths, commit)
        if changed := layers.not_in_head(record.paths, commit):
            record.notes.append(f"The branch moved on meanwhile, and HEAD holds {', '.join(changed)} in another state.")
    if record.mode != "files":
        record.notes.extend(layers.bring_index_along(record.paths))
    with database.transaction() as connection:
        moves = moves_of(connection, number)
        for move in moves:
            set_hunk(connection, move.proposal, move.number, move.after, move.edited, number)
            journal.append(
                connection,
                f"hunk.{move.after.value}",
                f"P{move.proposal}:{move.number}",
                turn=f"A{number}",
                before=move.before.value,
                edited=move.edited,
            )
        connection.execute(
            "UPDATE turns SET state = 'done', commit_id = ?, record = ? WHERE number = ?",
            (commit, record.to_json(connection), number),
        )
        kind = connection.execute("SELECT kind FROM turns WHERE number = ?", (number,)).fetchone()["kind"]
        journal.append(
            connection,
            f"turn.{kind}",
            f"A{number}",
            commit=commit,
            hunks=refs_of(moves),
            paths=[path.path for path in record.paths],
            proposals=record.proposals,
        )


def _settle(
    layers: Layers, database: StateDatabase, number: int, record: TurnRecord, *, error: BaseException | None = None
) -> None:
    """Finish a turn whose commit was made; take back any other.

    The record may have come along with a folder that somebody else packed: what it names is checked again.
    """
    left = [path.path for path in record.paths if lexical_fault(path.path)]
    record.paths = [path for path in record.paths if path.path not in left]
    commit = None
    if isinstance(error, CommitRefused):
        commit = error.data.get("commit")
    elif record.mode == "commit":
        if error is None:  # not our own child, which is gone: one of a process that was killed
            layers.repository.wait_for_orphan()
        commit = layers.repository.find_commit(record.mark, record.parent)
    root = layers.workspace.root
    back = list(enumerate(record.paths))[::-1]  # a folder that took a file's place goes before the file comes back
    for k, path in back:
        remove_draft(root, path.path, _draft(number, k))
    if commit is not None:
        record.notes.append("This turn was finished after an interruption." if error is None else str(error))
        _finish(layers, database, number, record, commit)
        return
    kept: dict[str, bytes] = {}
    for k, path in back:
        try:
            now = read_file(root, path.path)
        except PathRefused:  # a link or a folder is there now: not what we wrote
            left.append(path.path)
            continue
        if now == path.before:
            continue
        if now != path.after and not isinstance(error, CommitRefused):
            left.append(path.path)  # the person wrote it since; theirs stays
            continue
        if now is not None and now != path.after:
            kept[path.path] = now.content  # what a hook made of our text before it refused
        replace_file(root, path.path, now, path.before, draft=_draft(number, k))
    if record.mode != "files":
        layers.take_index_back(record.paths)
    with database.transaction() as connection:
        blobs = {path: put_blob(connection, data) for path, data in kept.items()}
        connection.execute("DELETE FROM turn_hunks WHERE turn = ?", (number,))
        connection.execute("DELETE FROM turns WHERE number = ?", (number,))
        why = str(error) if isinstance(error, NootropicError) else type(error).__name__ if error else "interrupted"
        journal.append(connection, "turn.taken-back", f"A{number}", why=why, left=left, hook_left=blobs)


def _recover(workspace: Workspace, database: StateDatabase) -> None:
    for number in _unfinished(database):
        try:
            record = TurnRecord.load(database.read(), number)
        except TurnDamaged as error:  # it can be neither finished nor taken back, and must not stop every other turn
            with database.transaction() as connection:
                connection.execute("UPDATE turns SET state = 'damaged' WHERE number = ?", (number,))
                journal.append(connection, "turn.damaged", f"A{number}", why=error.why)
            continue
        if not workspace.has_git:  # the repository is gone since
            record.mode = "files"
        _settle(Layers(workspace, record.mode), database, number, record)


def _unfinished(database: StateDatabase) -> list[int]:
    rows = database.read().execute("SELECT number FROM turns WHERE state = 'intent' ORDER BY number").fetchall()
    return [row["number"] for row in rows]


def _message(plan: TurnPlan, number: int) -> str:
    hunks = refs_of(plan.moves)
    shown = ", ".join(hunks[:20]) + (f" and {len(hunks) - 20} more" if len(hunks) > 20 else "")
    trailers = [f"Nootropic-Proposal: {proposal}" for proposal in plan.proposals]
    trailers += [f"Nootropic-Task: {task}" for task in plan.tasks]
    trailers.append(f"Nootropic-Turn: A{number}")
    verb = {"accept": "Accepted", "undo": "Undone", "redo": "Redone"}[plan.kind]
    return f"{plan.subject}\n\n{verb}: {shown}\n\n" + "\n".join(trailers) + "\n"


def _draft(number: int, k: int) -> str:
    return f".nootropic-A{number}-{k}.draft"
