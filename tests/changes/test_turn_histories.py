"""Random decisions with random edits of the person's own between them: every turn does what its words say."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import HunksRejected, accept, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.layers import ChangedSince, DirtyOverlap
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

FILES = ("a.py", "b.py", "deep/c.py")
# Agents change lines 2, 5, 8 … of a file, the person lines 3, 6, 9 …: with a line between, both fit side by side.
START = "".join(f"line {k}\n" for k in range(24)).encode()


class World:
    """A workspace, and what must be true of it."""

    def __init__(self, workspace: Workspace, database: StateDatabase, dice: random.Random) -> None:
        self.workspace, self.database, self.dice = workspace, database, dice
        self.store = ProposalStore(database, workspace)
        for path in FILES:
            file = workspace.root / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(START)
        git(workspace.root, "add", ".")
        git(workspace.root, "commit", "-qm", "Start")
        self.serial = 0

    def read(self, path: str) -> bytes:
        return (self.workspace.root / path).read_bytes()

    def edited(self, data: bytes, places: list[int], mark: str) -> bytes:
        lines = data.split(b"\n")
        for place in places:
            self.serial += 1
            lines[place] = f"{mark} {place} {self.serial}".encode()
        return b"\n".join(lines)

    def step(self) -> str:
        moves = [self.propose, self.propose, self.accept, self.accept, self.accept, self.reject, self.undo, self.redo,
                 self.own_edit, self.own_commit, self.own_stage]  # fmt: skip
        move = self.dice.choice(moves)
        mine = self.own_lines()
        head = git(self.workspace.root, "rev-parse", "HEAD")
        done = len(turns(self.database))
        before = {path: self.read(path) for path in FILES}
        try:
            told = f"{move.__name__}: {move()}"
        except (DirtyOverlap, ChangedSince, HunksRejected) as refusal:
            assert {path: self.read(path) for path in FILES} == before
            assert git(self.workspace.root, "rev-parse", "HEAD") == head
            assert len(turns(self.database)) == done
            told = f"{move.__name__}: refused, {refusal.what}"
        if not move.__name__.startswith("own"):
            assert self.own_lines() == mine, f"{told}: the person's own lines changed"
            committed = git(self.workspace.root, "log", "-p", "--format=", f"{head}..HEAD")
            added = [line for line in committed.splitlines() if line.startswith(("+", "-"))]
            assert not any("own" in line and line[1:] in mine for line in added), f"{told}: own lines were committed"
        self.check(told)
        return told

    def propose(self) -> str:
        paths = self.dice.sample(FILES, self.dice.choice([1, 1, 2]))
        places = [2 + 3 * k for k in range(7)]
        edits = [
            FileEdit(path, data := self.read(path), self.edited(data, sorted(self.dice.sample(places, 2)), "agent"))
            for path in paths
        ]
        return self.store.propose(build_changeset(edits, Provenance(task=f"T{self.serial}", title="Agent"))).id

    def some_ref(self) -> str:
        proposals = self.store.list()
        if not proposals:
            return self.propose()
        proposal = self.dice.choice(proposals[-4:])
        hunk = self.dice.choice(proposal.changeset.hunks)
        return self.dice.choice([proposal.id, proposal.ref(hunk.number), f"{proposal.id}/{hunk.path}"])

    def accept(self) -> str:
        ref = self.some_ref()
        return f"{ref} {accept(self.workspace, self.database, [ref])}"

    def reject(self) -> str:
        return str(reject(self.workspace, self.database, [self.some_ref()]))

    def some_turn(self) -> str | None:
        every = [turn.id for turn in turns(self.database)]
        return self.dice.choice([None, None, *every[-6:]])

    def undo(self) -> str:
        return str(undo(self.workspace, self.database, self.some_turn()))

    def redo(self) -> str:
        return str(redo(self.workspace, self.database, self.some_turn()))

    def own_edit(self) -> str:
        path = self.dice.choice(FILES)
        data = self.edited(
            self.read(path), [self.dice.choice([3 + 3 * k + self.dice.choice([0, 1]) for k in range(6)])], "own"
        )
        (self.workspace.root / path).write_bytes(data)
        return path

    def own_stage(self) -> str:
        git(self.workspace.root, "add", self.dice.choice(FILES))
        return ""

    def own_commit(self) -> str:
        git(self.workspace.root, "commit", "-q", "--allow-empty", "-am", "Own")
        return ""

    def own_lines(self) -> set[str]:
        """The person's lines that are not committed."""
        shown = git(self.workspace.root, "diff", "HEAD", "-U0")
        return {line[1:] for line in shown.splitlines() if line.startswith("+") and "own" in line}

    def check(self, told: str) -> None:
        """Journal, states, Git and files agree."""
        every = turns(self.database)
        commits = git(self.workspace.root, "log", "--reverse", "--format=%H %(trailers:key=Nootropic-Turn,valueonly)")
        by_turn = [line.split() for line in commits.splitlines() if len(line.split()) == 2]
        assert by_turn == [[turn.commit, turn.id] for turn in every if turn.commit], told
        events = journal.events(self.database.read())
        assert [e.subject for e in events if e.kind in ("turn.accept", "turn.undo", "turn.redo")] == [
            t.id for t in every
        ]
        last: dict[str, str] = {}
        for event in events:
            if event.kind.startswith("hunk."):
                last[event.subject] = event.kind.removeprefix("hunk.")
        for proposal in self.store.list():
            for hunk in proposal.changeset.hunks:
                ref = proposal.ref(hunk.number)
                assert hunk.state.value == last.get(ref, "pending"), (told, ref)
                if hunk.state.in_tree and proposal.id == self.store.ids()[-1]:
                    # A hunk may span lines that the person edited since; its own lines are what must stand.
                    added = set(hunk.new.split("\n")) - set(hunk.old.split("\n"))
                    assert added <= set(self.read(hunk.path).decode().split("\n")), (told, ref)
        strays = [path for path in self.workspace.root.rglob(".nootropic-A*")]
        assert strays == [], told


def run(workspace: Workspace, database: StateDatabase, steps: int, seed: int) -> None:
    print(f"seed {seed}")
    world = World(workspace, database, random.Random(seed))
    told: list[str] = []
    for _ in range(steps):
        told.append(world.step())
    assert any(line.startswith("accept") and "refused" not in line for line in told)


def test_random_decisions(workspace: Workspace, database: StateDatabase) -> None:
    run(workspace, database, steps=80, seed=20262)


@pytest.mark.deep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("round_", range(20))
def test_many_random_decisions(workspace: Workspace, database: StateDatabase, round_: int, tmp_path: Path) -> None:
    seed = int(os.environ.get("NOOTROPIC_SEED") or random.SystemRandom().randrange(10**6))
    run(workspace, database, steps=250, seed=seed + round_)
