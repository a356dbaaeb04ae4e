"""Long kill and soak runs, for `make test-deep`: `kill -9` at random moments loses nothing and does nothing twice."""

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

from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.checks.worktree import worktree_with
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git
from tests.planning.random_repository import random_repository
from tests.promises.rooms import call, dice, environment
from tests.workspace.test_journal import writer

LOOP = """
import json, sys
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.workspace.location import Workspace

session = Session(Workspace.find(sys.argv[1]))
print("ready", flush=True)
result = invoke(sys.argv[2], json.loads(sys.argv[3]), session)
print(type(result).__name__, flush=True)
session.close()
"""


def doomed(repo: Path, rng: random.Random, longest: float, verb: str, **arguments: object) -> bool:
    """Run a verb in a process and kill it with all that it started, at a random moment; whether it was in time."""
    command = [sys.executable, "-c", LOOP, str(repo), verb, json.dumps(arguments)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        process.wait(timeout=rng.uniform(0.0, longest))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    process.stdout.close()
    assert code in (0, -signal.SIGKILL)
    return code != 0


def run_and_decide(root: Path, rounds: int, *more: object) -> None:
    """Tasks are run and decided by processes that are killed, until nothing is left."""
    rng = dice("run", *more)
    random_repository(rng, notebook=True).write(root)
    call(root, "plan", brief="Keep records of violins and lanterns")
    killed = 0
    for _ in range(rounds):
        ready = [task.id for task in call(root, "next", count=20).tasks if task.how.kind == "recipe"]
        killed += doomed(root, rng, 4.0, "run", **({"tasks": ready[:1]} if ready else {"count": 2}))
        workspace = Workspace.find(root)
        database = StateDatabase.open(workspace)
        store = ProposalStore(database, workspace)
        proposals = store.list()
        waiting = [each.id for each in proposals if each.status == "open"]
        database.close()
        tasks = [each.task for each in proposals]
        assert len(tasks) == len(set(tasks)), f"a task was proposed twice: {tasks}"
        assert git(root, "status", "--porcelain") == "", "a run writes nothing"
        if waiting:
            killed += doomed(root, rng, 1.5, "accept", refs=waiting[:1], **{"allow-executable": True})
            call(root, "status")
            call(root, "accept", refs=waiting[:1], **{"allow-executable": True})
            assert git(root, "status", "--porcelain") == ""
        made = git(root, "log", "--format=%(trailers:key=Nootropic-Turn,valueonly)").split()
        assert len(made) == len(set(made)), f"a turn was committed twice: {made}"
    workspace = Workspace.find(root)
    with worktree_with(workspace, ()) as folder:
        assert list((workspace.state_dir / "work").glob("*")) == [folder], "folders of killed runs are cleared"
    print(f"{killed} of {2 * rounds} killed in time")
    assert killed >= rounds // 3


@pytest.mark.slow
def test_a_killed_run_is_run_again(tmp_path: Path, no_embedded_model: None) -> None:
    run_and_decide(tmp_path / "project", 2, "fast")


@pytest.mark.deep
@pytest.mark.timeout(3000)
def test_many_killed_runs(tmp_path: Path, no_embedded_model: None) -> None:
    for round_ in range(8):
        run_and_decide(tmp_path / f"project{round_}", 10, "deep", round_)


@pytest.mark.deep
@pytest.mark.timeout(3000)
def test_many_killed_writers_of_the_journal(repo: Path, workspace: Workspace) -> None:
    """Three write at once, each is killed at a random moment: what was reported is kept, and ids only grow."""
    rng = dice("journal")
    reported: dict[str, list[int]] = {}
    for round_ in range(60):
        writers = {f"W{round_}.{number}": writer(repo, f"W{round_}.{number}", 100_000) for number in range(3)}
        time.sleep(rng.uniform(0.3, 1.5))
        for name, process in writers.items():
            process.kill()
            out, _ = process.communicate()
            reported[name] = [int(line) for line in out.split("\n")[:-1]]
    assert sum(map(len, reported.values())) > 100
    database = StateDatabase.open(workspace)
    assert database.read().execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    for name, ids in reported.items():
        kept = journal.events(database.read(), subject=name)
        assert [event.id for event in kept][: len(ids)] == ids and ids == sorted(ids)
        assert [event.data["number"] for event in kept] == list(range(len(kept)))
    database.close()
