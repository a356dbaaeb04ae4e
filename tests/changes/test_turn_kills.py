"""Killed in the middle of a turn: no file half written, no commit twice, and journal, Git and files agree."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import SCHEMA, ProposalStore
from nootropic_kernel.changes.turns import recover, turns
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

pytestmark = pytest.mark.slow

OLD = {"a.txt": b"one\ntwo\nthree\nfour\nfive\n", "b.txt": b"b\n", "gone.txt": b"gone\n"}
NEW = {"a.txt": b"ONE\ntwo\nthree\nfour\nFIVE\n", "b.txt": b"B\n", "new/c.txt": b"c\n"}


@pytest.fixture
def proposed(workspace: Workspace, database: StateDatabase) -> Workspace:
    for path, content in OLD.items():
        (workspace.root / path).write_bytes(content)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "Base")
    edits = [FileEdit(path, OLD.get(path), NEW.get(path)) for path in sorted({*OLD, *NEW})]
    ProposalStore(database, workspace).propose(build_changeset(edits, Provenance(task="T1", title="Change")))
    return workspace


def started(workspace: Workspace, what: str = "accept", fatal: int = -1) -> subprocess.Popen[str]:
    """A process that makes this decision, and dies at that line of it."""
    script = str(Path(__file__).with_name("decision_server.py"))
    process = subprocess.Popen(
        [sys.executable, script, str(workspace.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    arguments = [["P1"]] if what == "accept" else []
    assert process.stdin is not None
    process.stdin.write(json.dumps({"what": what, "arguments": arguments, "fatal": fatal, "window": False}) + "\n")
    process.stdin.flush()
    return process


def doom(workspace: Workspace, what: str, fatal: int) -> subprocess.CompletedProcess[str]:
    process = started(workspace, what, fatal)
    said, problems = process.communicate()
    return subprocess.CompletedProcess([], process.returncode, said, problems)


def contents(root: Path) -> dict[str, bytes]:
    """Every file of ours, drafts included."""
    others = {".git", ".nootropic", ".nootropic-cache", "shelf", "tests", "README.md"}
    files = [path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file()]
    return {path.as_posix(): (root / path).read_bytes() for path in files if path.parts[0] not in others}


def agree(workspace: Workspace, database: StateDatabase) -> bool:
    """Check that files, Git, states and journal tell the same story; return whether the change stands."""
    recover(workspace, database)
    files = contents(workspace.root)
    stands = files == NEW
    assert stands or files == OLD, files
    assert git(workspace.root, "status", "--porcelain") == ""
    in_tree = {hunk.state.in_tree for hunk in ProposalStore(database, workspace).get("P1").changeset.hunks}
    assert in_tree == {stands}
    trailers = git(workspace.root, "log", "--format=%(trailers:key=Nootropic-Turn,valueonly)").split()
    done = [turn.id for turn in turns(database)]
    assert trailers[::-1] == done, "each turn is one commit"
    assert database.read().execute("SELECT COUNT(*) AS n FROM turns WHERE state != 'done'").fetchone()["n"] == 0
    told = [
        event.subject
        for event in journal.events(database.read())
        if event.kind in ("turn.accept", "turn.undo", "turn.redo")
    ]
    assert told == done
    return stands


def sweep(workspace: Workspace, database: StateDatabase, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    print(f"seed {seed}")
    # How many lines a whole turn takes, found by one that nobody kills.
    length = int(json.loads(doom(workspace, "accept", -1).stdout)["lines"])
    assert agree(workspace, database)
    killed = 0
    for _ in range(rounds):
        stood = agree(workspace, database)
        what = "undo" if stood else "redo"
        ended = doom(workspace, what, dice.randrange(1, length + 1))
        killed += ended.returncode == -9
        assert ended.returncode in (0, -9), ended.stderr
        stands = agree(workspace, database)
        if stands == stood:  # taken back: the same decision can be made again
            (undo if stood else redo)(workspace, database)
            assert agree(workspace, database) is not stood
    assert killed > rounds // 2


def test_killed_at_random_lines(proposed: Workspace, database: StateDatabase) -> None:
    sweep(proposed, database, rounds=10, seed=20261)


@pytest.mark.deep
@pytest.mark.timeout(3000)
def test_killed_at_many_random_lines(proposed: Workspace, database: StateDatabase) -> None:
    sweep(
        proposed,
        database,
        rounds=400,
        seed=int(os.environ.get("NOOTROPIC_SEED") or random.SystemRandom().randrange(10**6)),
    )


def test_a_commit_that_outlives_its_process_is_waited_for(proposed: Workspace, database: StateDatabase) -> None:
    """Killed while Git still runs a hook: whoever comes next waits, and finishes the turn instead of repeating it."""
    hook = proposed.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch .git/in-hook\nsleep 1.5\n")
    hook.chmod(0o755)
    process = started(proposed)
    while not (proposed.root / ".git" / "in-hook").exists():
        time.sleep(0.02)
        assert process.poll() is None
    process.kill()
    process.communicate()
    turn = accept(proposed, database, ["P1"])
    assert turn.already and turn.id == "A1"
    assert agree(proposed, database)
    assert "finished after an interruption" in " ".join(turns(database)[0].notes)


def test_an_interrupt_in_a_hook_gives_control_back_and_takes_everything_back(
    proposed: Workspace, database: StateDatabase
) -> None:
    hook = proposed.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch .git/in-hook\nsleep 20\n")
    hook.chmod(0o755)
    process = started(proposed)
    while not (proposed.root / ".git" / "in-hook").exists():
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in said
    hook.unlink()
    assert not agree(proposed, database)


def test_two_processes_at_once_make_one_turn(proposed: Workspace, database: StateDatabase) -> None:
    processes = [started(proposed) for _ in range(3)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert agree(proposed, database)
    assert len(turns(database)) == 1


def test_an_intent_whose_files_the_person_wrote_since_leaves_them(proposed: Workspace, database: StateDatabase) -> None:
    """Killed after writing the files and before the commit; then the person edits one of them."""
    hook = proposed.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nkill -9 $(ps -o ppid= -p $PPID) $PPID\nexit 1\n")
    hook.chmod(0o755)
    assert doom(proposed, "accept", -1).returncode == -9
    hook.unlink()
    assert (proposed.root / "b.txt").read_bytes() == b"B\n"
    (proposed.root / "a.txt").write_bytes(b"my own text\n")
    recover(proposed, database)
    assert (proposed.root / "a.txt").read_bytes() == b"my own text\n"
    assert (proposed.root / "b.txt").read_bytes() == OLD["b.txt"]
    (taken_back,) = journal.events(database.read(), kind="turn.taken-back")
    assert taken_back.data["left"] == ["a.txt"]
    assert turns(database) == []


def foreign_intent(database: StateDatabase, *paths: str) -> None:
    """A turn that "was killed", in a state that somebody packed along with a folder."""
    database.ensure_schema(SCHEMA)
    with database.transaction() as connection:
        state = {"blob": put_blob(connection, b"theirs\n"), "mode": 0o755}
        rest = dict.fromkeys(["shift_old", "shift_new", "head_before", "head_after", "index_before", "index_after"])
        record = {
            "mode": "commit", "parent": None, "subject": "x", "proposals": ["P1"], "notes": [],
            "paths": [{"path": path, "before": state, "after": None, **rest} for path in paths],
        }  # fmt: skip
        connection.execute(
            "INSERT INTO turns (number, kind, state, at, record) VALUES (1, 'accept', 'intent', 0, ?)",
            (json.dumps(record),),
        )


def test_a_record_that_came_along_writes_nothing_outside(workspace: Workspace, database: StateDatabase) -> None:
    """Regression: taking it back wrote its bytes wherever its paths led."""
    root = workspace.root
    victim = root.parent / "victim"
    victim.mkdir()
    (root / "link").symlink_to(victim)
    (root / "name").symlink_to(victim / "none")
    paths = ("../victim/a", str(victim / "b"), "shelf/../../victim/c", "link/d", "name", ".git/hooks/post-checkout")
    foreign_intent(database, *paths, ".nootropic/settings.json", "inside.txt")
    before = sorted((root / ".git").rglob("*"))
    recover(workspace, database)
    assert list(victim.iterdir()) == []
    assert not (root / ".git" / "hooks" / "post-checkout").exists()
    assert not (workspace.state_dir / "settings.json").exists()
    assert sorted((root / ".git").rglob("*")) == before
    assert (root / "inside.txt").read_bytes() == b"theirs\n"
    (taken_back,) = journal.events(database.read(), kind="turn.taken-back")
    assert set(taken_back.data["left"]) == {*paths, ".nootropic/settings.json"}
    recover(workspace, database)
    assert turns(database) == []


def test_a_full_disk_in_the_middle_takes_everything_back(proposed: Workspace, database: StateDatabase) -> None:
    """The second file meets the limit on file size; the first is put back."""
    store = ProposalStore(database, proposed)
    big = b"x" * 300_000
    store.propose(
        build_changeset([FileEdit("b.txt", OLD["b.txt"], b"B\n"), FileEdit("z.txt", None, big)], Provenance())
    )
    code = (
        "import resource, sys\n"
        "from nootropic_kernel.changes.accept import accept\n"
        "from nootropic_kernel.workspace.database import StateDatabase\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "from nootropic_kernel.changes import files\n"
        "workspace = Workspace.find(sys.argv[1]); database = StateDatabase.open(workspace)\n"
        "write = files._write_draft\n"
        "def limited(*arguments):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "    try:\n        write(*arguments)\n"
        "    finally:\n        resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))\n"
        "files._write_draft = limited\n"
        "try:\n    accept(workspace, database, ['P2'])\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(proposed.root)], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("NotWritable z.txt cannot be written"), done
    assert contents(proposed.root) == OLD
    assert turns(database) == []
