"""The board of large plans: CPU time and size of every face, against `json.dumps` of the plan in the same run.

    python experiments/benchmarks/board.py [--tasks 100,500,2000] [--rounds 5]

The plans are those of the replanning benchmark, a third done. CPU time is of the process, the garbage collector off,
the median of the rounds. `verb` is the whole `noo board` in a real repository: the file read and checked, states from
the store, what changed since the last revision from Git, costs from the ledger. Limits: HTML at most 1 MB.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, BoardResult, board
from nootropic_kernel.capabilities.task import TaskParams, task
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME, dump
from nootropic_kernel.planning.spec.records import to_plain
from nootropic_kernel.planning.views import board_views
from nootropic_kernel.planning.views.mermaid import mermaid_gantt, mermaid_graph
from nootropic_kernel.workspace.location import Workspace
from tests.planning.random_plans import partly_done, synthetic_plan


def timed(work: Callable[[], Any], rounds: int) -> tuple[Any, float]:
    """What the work gives, and the median of its CPU times in milliseconds."""
    found, times = None, []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        begin = time.process_time()
        found = work()
        times.append(1000 * (time.process_time() - begin))
        gc.enable()
    return found, statistics.median(times)


def large_plan(tasks: int) -> Plan:
    """A plan of about so many tasks in several epics, a third of them done by hand."""
    rng = random.Random(tasks)
    plan, _ = synthetic_plan(rng, tasks)
    states = partly_done(rng, plan, 0.33)
    first = plan.epics[0]
    epics = tuple(replace(first, id=f"E{number}", title=f"Part {number}") for number in range(1, 9))
    size = len(plan.stories) // len(epics) + 1
    stories = tuple(replace(each, epic=epics[k // size].id) for k, each in enumerate(plan.stories))
    done = tuple(replace(t, status="done") if states[t.id].status == "done" else t for t in plan.tasks)
    return replace(plan, epics=epics, stories=stories, tasks=done, tree=())


def committed(folder: Path, plan: Plan) -> None:
    """A repository with the plan as its only file."""
    (folder / FILE_NAME).write_text(dump(plan))
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", FILE_NAME], [*name, "commit", "-qm", "Plan"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def measure(tasks: int, rounds: int) -> None:
    """The lines of one size."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["NOOTROPIC_HOME"] = f"{name}/home"
        folder = Path(name) / "project"
        folder.mkdir()
        plan = large_plan(tasks)
        committed(folder, plan)
        session = Session(Workspace.find(folder))
        try:
            open_ = next(each for each in reversed(plan.tasks) if each.status != "done")
            begin = time.process_time()
            task(TaskParams(task=open_.id, note="Measured"), session)
            edit = 1000 * (time.process_time() - begin)
            peer, base = timed(lambda: json.dumps(to_plain(plan)), rounds)
            found, verb = timed(lambda: board(BoardParams(), session), rounds)
            assert isinstance(found, BoardResult)
            result: BoardResult = found
            states = result._board.states
            faces: dict[str, Callable[[], str]] = {
                "text": result.text,
                "text --all": lambda: board_views.text(replace(result._board, complete=True)),
                "markdown": result.markdown,
                "html": result.html,
                "document": lambda: json.dumps(result.document()),
                "data": lambda: json.dumps(result.data()),
                "graph": lambda: mermaid_graph(plan, states),
                "gantt": lambda: mermaid_gantt(plan, states),
            }
            print(f"{len(plan.tasks)} tasks; peer: json.dumps {base:.1f} ms, {len(peer) / 1000:.0f} kB")
            print(f"  verb        {verb:8.1f} ms  ratio {verb / base:.2f}")
            print(f"  task (edit) {edit:8.1f} ms  ratio {edit / base:.2f}")
            for face, draw in faces.items():
                text, cost = timed(draw, rounds)
                size = len(text.encode())
                print(
                    f"  {face:<11} {cost:8.1f} ms  ratio {cost / base:.2f}  {size / 1000:.0f} kB"
                    f" ({text.count(chr(10)) + 1} lines)"
                )
                assert face != "html" or size <= 1_000_000, size
        finally:
            session.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="100,500,2000")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    for tasks in options.tasks.split(","):
        measure(int(tasks), options.rounds)


if __name__ == "__main__":
    main()
