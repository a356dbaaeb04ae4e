"""Delta replan against planning again, on plans of 24 to 2,000 tasks: CPU time, what stays, and what is written anew.

    python experiments/benchmarks/replan.py [--tasks 24,100,300,1000,2000] [--events 40] [--chains 150] [--seed 1]

Per size: medians over random single failures in plans that are up to 60 % done. "Full" is decomposing, linking and
scheduling everything again. CPU time is of the process, the garbage collector off; the plan's file is not counted.
Below the table: chains in which what was put in the place of a failed task fails too, up to eight times.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nootropic_kernel.planning.errors import Unrepairable
from nootropic_kernel.planning.healing.patch import Event, apply
from nootropic_kernel.planning.healing.proofs import violations
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import Ground
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.methods.htn import decompose
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.planner import elements
from nootropic_kernel.planning.schedule.critical_path import schedule
from nootropic_kernel.planning.spec.records import encode, to_plain
from tests.planning.random_plans import partly_done, synthetic_plan

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and its CPU time in milliseconds."""
    begin = time.process_time()
    made = work()
    return made, 1000 * (time.process_time() - begin)


def full(plan: Plan, ground: Ground) -> object:
    """The plan made again."""
    found = decompose(ground.library, "project", plan.bindings, set())
    return schedule(link(elements(found, ground.facts, ground.bounds)[2]))


def measure(tasks: int, events: int, seed: int) -> str:
    """One line of the table."""
    delta, again, unchanged, moved, written, broken, hopeless = [], [], [], [], [], 0, 0
    for number in range(events):
        rng = random.Random(f"{seed}:{tasks}:{number}")
        plan, ground = synthetic_plan(rng, tasks)
        states = partly_done(rng, plan, rng.uniform(0, 0.6))
        left = [name for name, state in states.items() if state.status == "pending"]
        event = Event("failed", rng.choice(left), "it broke")
        gc.collect()
        gc.disable()
        try:
            patch, cost = timed(partial(replan, plan, event, ground, states))
            again.append(timed(partial(full, plan, ground))[1])
        except Unrepairable:
            hopeless += 1
            continue
        finally:
            gc.enable()
        delta.append(cost)
        done = {name for name, state in states.items() if state.status == "done"}
        broken += len(violations(plan, patch, apply(plan, patch, done), ground, states))
        impacted = {event.task, *patch.supersede, *(each.id for each in patch.relink)}
        unchanged.append(1 - len(impacted & set(left)) / len(left))
        moved.append(len(patch.reschedule) / len(left))
        written.append(len(encode(patch.to_json())) / len(encode(to_plain(plan))))
    median = statistics.median
    return (
        f"| {len(plan.tasks)} | {len(delta)} + {hopeless} | {broken} | {median(unchanged):.3f} ({min(unchanged):.2f}) "
        f"| {100 * median(moved):.1f} % | {100 * median(written):.2f} % "
        f"| {median(delta):.2f} / {median(again):.2f} ms | {median(delta) / median(again):.2f} |"
    )


def chained(count: int, seed: int) -> str:
    """How chains of failures end in plans of 60 tasks."""
    healed = hopeless = broken = climbed = 0
    for number in range(count):
        rng = random.Random(f"chain:{seed}:{number}")
        plan, ground = synthetic_plan(rng, 60)
        states = partly_done(rng, plan, rng.uniform(0, 0.5))
        done = {name for name, state in states.items() if state.status == "done"}
        name = rng.choice([each for each, state in states.items() if state.status == "pending"])
        for attempt in range(8):
            event = Event("failed", name, f"attempt {attempt}")
            try:
                patch = replan(plan, event, ground, states)
            except Unrepairable as verdict:
                hopeless += bool(verdict.missing)
                break
            after = apply(plan, patch, done)
            broken += len(violations(plan, patch, after, ground, states))
            healed += 1
            climbed += len([each for each in patch.tasks() if each.supersedes is None]) > 0
            plan, new = after, sorted(task.id for task in patch.tasks())
            states = {**states, **{t.id: TaskState(t.status) for t in plan.tasks if t.id not in done}}
            if not new:
                break
            name = rng.choice(new)
    return (
        f"{count} chains: {healed} repairs, {climbed} of them above the task; {hopeless} ended with the missing "
        f"artifact named, {count - hopeless} healed; {broken} broken properties"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="24,100,300,1000,2000")
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--chains", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("| tasks | healed + no way left | violations | unchanged (min) | moved | written | delta / full | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for tasks in map(int, given.tasks.split(",")):
        print(measure(tasks, given.events, given.seed), flush=True)
    print(chained(given.chains, given.seed))


if __name__ == "__main__":
    main()
