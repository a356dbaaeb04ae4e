"""Schedules, budgets and re-timing: time and memory of planning, greedy against CP-SAT, right shift against all anew.

    python experiments/benchmarks/schedule.py [--tasks 2000] [--late 40] [--budgets 300] [--solver 10] [--seed 1]

CPU time is that of the process. "Moved" is the share of the tasks left whose time changed after one ran late (it takes
twice as long and two hours more); makespans are relative to scheduling all that is left anew.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.methods.htn import decompose
from nootropic_kernel.planning.model import GONE
from nootropic_kernel.planning.planner import elements
from nootropic_kernel.planning.schedule.assign import assign, verdict
from nootropic_kernel.planning.schedule.optimise import available, optimised
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.validate import check
from tests.planning.late_tasks import FOUR, TEAM, one_late
from tests.planning.random_plans import synthetic_plan
from tests.planning.random_staff import broken_rules, random_plan
from tests.planning.test_budgets import cost, over_budget, staff


def _peak_mb() -> float:
    """The most memory that this process had; `getrusage` would tell that of whoever started it, where it is more."""
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


def planning(tasks: int, seed: int) -> None:
    """Decompose, link, schedule with four agents under a budget, and check."""
    plan, ground = synthetic_plan(random.Random(seed), tasks)
    gc.collect()
    begin = time.process_time()
    found = decompose(ground.library, "project", plan.bindings, set())
    epics, stories, made, tree = elements(found, ground.facts, ground.bounds)
    new = replace(
        plan, epics=epics, stories=stories, tree=tree, tasks=link(made), agents=FOUR, budget={"hours": 10.0 * tasks}
    )
    check(canonical(assign(new)))
    spent = time.process_time() - begin
    memory = _peak_mb()
    what = f"plan of {len(made)} tasks: decomposed, linked, scheduled, checked"
    print(f"| {what} | {spent:.2f} s CPU, {memory:.0f} MB | 2 s, 200 MB |")


def late_tasks(tasks: int, events: int, seed: int, name: str) -> str:
    """One line: right shift against all anew, after one task that runs late."""
    agents = {"four agents": FOUR, "a team of four": TEAM}[name]
    tried = (one_late(random.Random(f"{seed}:{tasks}:{number}"), tasks, agents) for number in range(events))
    found = [late for late in tried if late is not None]
    moved, anew, ends = zip(*((late.moved, late.moved_anew, late.makespan) for late in found), strict=True)
    broken = sum(len(late.broken) for late in found)
    median = statistics.median
    return (
        f"| {tasks}, {name} | {len(found)} | {broken} | {100 * median(moved):.0f} % (most {100 * max(moved):.0f} %) "
        f"| {100 * median(anew):.0f} % | {median(ends):.3f} (most {max(ends):.3f}) |"
    )


def budgets(events: int, seed: int) -> str:
    """Random plans under random budgets: how many keep them, and whether the smallest raise is that."""
    kept = impossible = deferred = wrong = 0
    for number in range(events):
        rng = random.Random(f"{seed}:{number}")
        plan = random_plan(rng, rng.randint(2, 40))
        whole = assign(plan)
        budget = {"hours": rng.uniform(0, 1.1) * whole.hours(), "cost_usd": rng.uniform(0, 1.1) * cost(whole)}
        plan = replace(plan, budget={key: budget[key] for key in rng.sample(sorted(budget), rng.choice([1, 2]))})
        made = assign(plan)
        wrong += bool(broken_rules(made, staff(made)))
        found = verdict(made)
        if found is None:
            kept += 1
            deferred += any(task.status == "deferred" for task in made.tasks)
            wrong += over_budget(made)
            continue
        impossible += 1
        raised = plan.budget | {each.constraint: each.needed for each in found.relaxations}
        wrong += over_budget(assign(replace(plan, budget=raised)))
        for each in found.relaxations:
            less = raised | {each.constraint: each.needed - max(1e-3, each.by / 100)}
            wrong += verdict(assign(replace(plan, budget=less))) is None
    return f"| {events} | {kept} ({deferred} with stories put off) | {impossible} | {wrong} |"


def solver(size: int, events: int, seed: int) -> str:
    """Greedy against CP-SAT on plans of one size."""
    gains, spent = [], []
    for number in range(events):
        plan = assign(random_plan(random.Random(f"{seed}:{size}:{number}"), size, 4))
        live = [task for task in plan.tasks if task.status not in GONE]
        begin = time.process_time()
        best = optimised(plan)
        spent.append(time.process_time() - begin)
        gains.append(1 - best.hours() / plan.hours() if live and plan.hours() else 0.0)
    return (
        f"| {size} | {events} | {sum(gain > 1e-6 for gain in gains)} | {100 * statistics.median(gains):.1f} % "
        f"(most {100 * max(gains):.0f} %) | {statistics.median(spent):.1f} s |"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--late", type=int, default=40)
    parser.add_argument("--budgets", type=int, default=300)
    parser.add_argument("--solver", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-planning", action="store_true")
    given = parser.parse_args()
    if given.only_planning:
        planning(given.tasks, given.seed)
        return
    print("| measure | found | wanted |\n|---|---|---|", flush=True)
    words = [sys.executable, __file__, "--only-planning", "--tasks", str(given.tasks), "--seed", str(given.seed)]
    subprocess.run(words, check=True)  # a process of its own, for its memory
    print(
        "\n| tasks | events | broken rules | moved by right shift | moved by all anew | makespan |\n" + "|---" * 6 + "|"
    )
    for tasks in (100, 300, 1000):
        for name in ("four agents", "a team of four"):
            print(late_tasks(tasks, given.late if tasks < 1000 else given.late // 4, given.seed, name), flush=True)
    print("\n| budgets | kept | impossible | wrong |\n|---|---|---|---|")
    print(budgets(given.budgets, given.seed), flush=True)
    if available():
        print("\n| tasks | plans | shorter by CP-SAT | by how much | CPU |\n|---|---|---|---|---|")
        for size in (10, 20, 30, 45, 60):
            print(solver(size, given.solver, given.seed), flush=True)


if __name__ == "__main__":
    main()
