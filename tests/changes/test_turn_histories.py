"""Random decisions with random edits of the person's own between them, by a process that is killed again and again.

Whatever happened, journal, states, Git and files agree afterwards, and nothing of the person's own was touched.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.changes.changeset import FileEdit, Hunk, Provenance, build_changeset
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.changes.turns import recover, turns
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

FILES = ("a.py", "b.py", "deep/c.py")
# Agents change lines 2, 5, 8 … of a file, the person lines 3, 6, 9 …: with a line between, both fit side by side.
START = "".join(f"line {k}\n" for k in range(24)).encode()
REFUSALS = {"DirtyOverlap", "ChangedSince", "HunksRejected", "HunksUndone", "HunkDecided", "HunksNeedEachOther"}
# About as many lines as each decision takes in the rooms that decide, and as those from `git commit` to the record.
LINES = {"accept": 4200, "undo": 5400, "redo": 5000, "reject": 700, "edit": 700}
WINDOW_LINES = 1100


class Server:
    """The process that decides; it is started anew after each death."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process: subprocess.Popen[str] | None = None

    def ask(self, what: str, arguments: list[Any], fatal: int | None, *, window: bool) -> dict[str, Any] | None:
        """Its answer, None when it died."""
        if self.process is None:
            script = str(Path(__file__).with_name("decision_server.py"))
            self.process = subprocess.Popen(
                [sys.executable, script, str(self.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        asked = {"what": what, "arguments": arguments, "fatal": fatal, "window": window}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        if line := self.process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self.close()
        assert code == -9 and fatal is not None, f"{asked} ended with {code}"
        return None

    def close(self) -> int | None:
        """End it."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.communicate()
        return process.returncode


class World:
    """A workspace, and what must be true of it."""

    def __init__(self, root: Path, dice: random.Random, *, kills: float) -> None:
        self.workspace, self.dice, self.kills = Workspace.find(root), dice, kills
        self.database = StateDatabase.open(self.workspace)
        self.store = ProposalStore(self.database, self.workspace)
        self.server = Server(root)
        self.counts: Counter[str] = Counter()
        self.serial = 0
        for path in FILES:
            file = root / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(START)
        git(root, "add", ".")
        git(root, "commit", "-qm", "Start")
        # Each entry is one kind of operation, as often as it is listed.
        self.moves: list[Callable[[], str]] = [
            self.propose, self.propose, self.accept, self.accept, self.accept, self.reject, self.edit,
            self.undo, self.redo, self.undo_hunks, self.redo_hunks, self.own_edit, self.own_commit, self.own_stage,
        ]  # fmt: skip

    def close(self) -> None:
        self.server.close()
        self.database.close()

    def read(self, path: str) -> bytes:
        return (self.workspace.root / path).read_bytes()

    def edited(self, data: bytes, places: list[int], mark: str) -> bytes:
        lines = data.split(b"\n")
        for place in places:
            self.serial += 1
            lines[place] = f"{mark} {place} {self.serial}".encode()
        return b"\n".join(lines)

    def step(self) -> None:
        move = self.dice.choice(self.moves)
        mine, head = self.own_lines(), git(self.workspace.root, "rev-parse", "HEAD")
        told = f"{move.__name__}: {move()}"
        self.counts[move.__name__] += 1
        if not move.__name__.startswith("own"):
            assert self.own_lines() == mine, f"{told}: the person's own lines changed"
            committed = git(self.workspace.root, "log", "-p", "--format=", f"{head}..HEAD")
            added = [line for line in committed.splitlines() if line.startswith(("+", "-"))]
            assert not any("own" in line and line[1:] in mine for line in added), f"{told}: own lines were committed"
        self.check(told)

    def decide(self, what: str, *arguments: Any) -> str:
        """Let the other process decide; perhaps it dies, then the decision was made whole or not at all."""
        fatal, window = None, False
        if self.dice.random() < self.kills:
            window = what in ("accept", "undo", "redo") and self.dice.random() < 0.25
            fatal = self.dice.randrange(1, WINDOW_LINES if window else LINES[what])
        head, done = git(self.workspace.root, "rev-parse", "HEAD"), len(turns(self.database))
        before = {path: self.read(path) for path in FILES}
        answer = self.server.ask(what, list(arguments), fatal, window=window)
        if answer is None:
            self.counts["killed in the window" if window else "killed"] += 1
            recover(self.workspace, self.database)
        now = {path: self.read(path) for path in FILES}
        more = len(turns(self.database)) - done
        assert more in (0, 1)
        if more == 0:
            assert now == before, f"{what} {arguments}: {answer}"
            assert git(self.workspace.root, "rev-parse", "HEAD") == head
        if answer is None:
            return f"{arguments} killed at {fatal}"
        if "refused" in answer:
            assert answer["refused"] in REFUSALS, answer
            assert more == 0
            self.counts["refused"] += 1
        return f"{arguments} {answer}"

    def propose(self) -> str:
        paths = self.dice.sample(FILES, self.dice.choice([1, 1, 2]))
        places = [2 + 3 * k for k in range(7)]
        edits = [
            FileEdit(path, data := self.read(path), self.edited(data, sorted(self.dice.sample(places, 2)), "agent"))
            for path in paths
        ]
        return self.store.propose(build_changeset(edits, Provenance(task=f"T{self.serial}", title="Agent"))).id

    def some_hunk(self) -> tuple[Proposal, Hunk]:
        ids = self.store.ids()
        proposal = self.store.get(self.dice.choice(ids[-4:]) if ids else self.propose())
        return proposal, self.dice.choice(proposal.changeset.hunks)

    def some_ref(self) -> str:
        proposal, hunk = self.some_hunk()
        return self.dice.choice([proposal.id, proposal.ref(hunk.number), f"{proposal.id}/{hunk.path}"])

    def some_turn(self) -> list[str]:
        every = [turn.id for turn in turns(self.database)]
        return self.dice.choice([[], [], *([turn] for turn in every[-6:])])

    def accept(self) -> str:
        return self.decide("accept", [self.some_ref()])

    def reject(self) -> str:
        return self.decide("reject", [self.some_ref()])

    def edit(self) -> str:
        proposal, hunk = self.some_hunk()
        text = self.edited(hunk.new.encode(), [0], "draft").decode()
        return self.decide("edit", proposal.ref(hunk.number), self.dice.choice([text, text, None]))

    def undo(self) -> str:
        return self.decide("undo", *self.some_turn())

    def redo(self) -> str:
        return self.decide("redo", *self.some_turn())

    def undo_hunks(self) -> str:
        return self.decide("undo", self.some_ref())

    def redo_hunks(self) -> str:
        return self.decide("redo", self.some_ref())

    def own_edit(self) -> str:
        path = self.dice.choice(FILES)
        place = 3 + 3 * self.dice.randrange(6) + self.dice.choice([0, 1])
        (self.workspace.root / path).write_bytes(self.edited(self.read(path), [place], "own"))
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
            if event.kind.startswith("hunk.") and event.kind != "hunk.drafted":
                last[event.subject] = event.kind.removeprefix("hunk.")
        newest = self.store.ids()[-1:]
        for proposal in map(self.store.get, self.store.ids()[-6:]):
            for hunk in proposal.changeset.hunks:
                ref = proposal.ref(hunk.number)
                assert hunk.state.value == last.get(ref, "pending"), (told, ref)
                if hunk.state.in_tree and proposal.id in newest:
                    # A hunk may span lines that the person edited since; its own lines are what must stand.
                    stands = proposal.edited.get(hunk.number) if hunk.state.value == "edited" else hunk.new
                    added = set((stands or hunk.new).split("\n")) - set(hunk.old.split("\n"))
                    assert added <= set(self.read(hunk.path).decode().split("\n")), (told, ref)
        assert [path for path in self.workspace.root.rglob(".nootropic-A*")] == [], told
        unfinished = self.database.read().execute("SELECT COUNT(*) AS n FROM turns WHERE state != 'done'").fetchone()
        assert unfinished["n"] == 0, told


def play(root: Path, steps: int, seed: int, *, kills: float) -> Counter[str]:
    """So many operations in one repository."""
    world = World(root, random.Random(seed), kills=kills)
    try:
        for _ in range(steps):
            world.step()
    finally:
        world.close()
    assert git(root, "fsck", "--no-dangling") == ""
    return world.counts


def test_random_decisions_with_kills(repo: Path) -> None:
    seed = 20262
    print(f"seed {seed}")
    counts = play(repo, 90, seed, kills=0.3)
    assert counts["accept"] > 5 and counts["killed"] > 3, counts


@pytest.mark.deep
@pytest.mark.timeout(5400)
def test_ten_thousand_random_decisions_with_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("NOOTROPIC_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed}")
    games, steps = 40, 250

    def game(number: int) -> Counter[str]:
        root = tmp_path / str(number)
        root.mkdir()
        git(root, "init", "-q")
        return play(root, steps, seed + number, kills=0.4)

    # Most of the work is done by other processes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = sum(pool.map(game, range(games)), Counter())
    print(dict(counts))
    assert sum(counts[move] for move in counts if move not in ("refused", "killed", "killed in the window")) == 10_000
    assert counts["killed in the window"] * 10 >= counts["killed"] > 500
