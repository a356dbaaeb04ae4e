"""Exported plans before planners that we did not write: Fast Downward, aries, and the parser of the package pddl.

    python -m venv /tmp/oracles
    /tmp/oracles/bin/pip install unified-planning up-fast-downward up-aries pddl
    python experiments/benchmarks/planning_oracles.py --oracles /tmp/oracles/bin/python [--projects 50] [--seed 1]

The planners run as processes of that environment and are no part of Nootropic (Fast Downward is under the GPL). For
each generated project: our own order is executed by the reader of our tests; Fast Downward (`lama-first`) solves the
PDDL, and its plan is executed too; aries solves the HDDL. Wanted: everywhere exactly the tasks of the plan.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nootropic_kernel.planning.hddl.export import hddl
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.pddl import pddl
from nootropic_kernel.planning.schedule.critical_path import in_order
from tests.planning.random_plans import shipped_plan, synthetic_plan
from tests.planning.strips import parse, read
from tests.planning.test_exports import actions_of

# What runs inside the oracles' environment: it is given a folder, and prints one JSON document.
_INSIDE = """
import json, subprocess, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
found = {}
try:
    from pddl import parse_domain, parse_problem
    parse_domain(folder / "domain.pddl"), parse_problem(folder / "problem.pddl")
    found["parsed"] = True
except ImportError:
    pass
except Exception as error:
    found["parsed"] = repr(error)[:200]
try:
    import up_fast_downward
    script = Path(up_fast_downward.__file__).parent / "downward" / "fast-downward.py"
    begin = time.time()
    subprocess.run(
        [sys.executable, script, "--alias", "lama-first", "--plan-file", folder / "plan", folder / "domain.pddl",
         folder / "problem.pddl"], capture_output=True, timeout=60, cwd=folder)
    found["fd_s"] = time.time() - begin
    found["fd"] = (folder / "plan").read_text() if (folder / "plan").exists() else ""
except ImportError:
    pass
except subprocess.TimeoutExpired:
    found["fd"] = ""
try:
    import up_aries
    from unified_planning.io import PDDLReader
    from unified_planning.grpc.proto_writer import ProtobufWriter
    problem = PDDLReader().parse_problem(str(folder / "domain.hddl"), str(folder / "problem.hddl"))
    (folder / "problem.bin").write_bytes(ProtobufWriter().convert(problem).SerializeToString())
    (binary,) = (Path(up_aries.__file__).parent / "bin").glob("up-aries_linux_amd64")
    begin = time.time()
    done = subprocess.run([binary, "solve", folder / "problem.bin"], capture_output=True, text=True, timeout=60)
    found["aries_s"] = time.time() - begin
    found["aries"] = done.stdout
except ImportError:
    pass
except subprocess.TimeoutExpired:
    found["aries"] = ""
except Exception as error:
    found["aries"] = repr(error)[:200]
print(json.dumps(found))
"""


def one(plan: Plan, python: str) -> dict[str, object]:
    """What the oracles say about a plan."""
    classical, nested = pddl(plan), hddl(plan)
    world = read(classical.domain, classical.problem)
    order = [task.id.lower() for task in in_order(plan.tasks)]
    steps = actions_of(world)
    goals = set(world.goal)
    found: dict[str, object] = {"tasks": len(order), "ours": goals <= world.run([steps[name] for name in order])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, made in (("pddl", classical), ("hddl", nested)):
            (folder / f"domain.{kind}").write_text(made.domain)
            (folder / f"problem.{kind}").write_text(made.problem)
        done = subprocess.run([python, "-c", _INSIDE, str(folder)], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(done.stderr)
    said = json.loads(done.stdout.splitlines()[-1])
    if "fd" in said:
        plan_of_fd = [tuple(step) for step in parse(said["fd"])]
        found["fd"] = sorted(step[1] for step in plan_of_fd) == sorted(order) and goals <= world.run(plan_of_fd)
        found["fd_s"] = said.get("fd_s")
    if "aries" in said:
        lines = [line for line in said["aries"].splitlines() if "(do-" in line]
        does = [line.split("(do-")[1].split(")")[0] for line in lines]
        found["aries"] = "PLAN FOUND" in said["aries"] and sorted(does[-len(order) :]) == sorted(order)
        found["aries_s"] = said.get("aries_s")
    if "parsed" in said:
        found["parsed"] = said["parsed"] is True
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracles", required=True, help="the Python of the environment that has the planners")
    parser.add_argument("--projects", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    found, begin = [], time.time()
    for number in range(given.projects):
        rng = random.Random(f"{given.seed}:{number}")
        plan = shipped_plan(rng)[0] if number % 2 else synthetic_plan(rng, rng.choice([8, 24, 60, 120, 300]))[0]
        found.append(one(plan, given.oracles))
        if given.verbose:
            print(found[-1], file=sys.stderr, flush=True)
    sizes = sorted(int(str(each["tasks"])) for each in found)
    print(f"{len(found)} projects, {sizes[0]} to {sizes[-1]} tasks, {time.time() - begin:.0f} s\n")
    print("| judge | asked | exactly our tasks, in an order that works | longest |\n|---|---|---|---|")
    for name in ("ours", "parsed", "fd", "aries"):
        asked = [each for each in found if name in each]
        longest = max((float(str(each.get(f"{name}_s") or 0)) for each in asked), default=0)
        print(f"| {name} | {len(asked)} | {sum(each[name] is True for each in asked)} | {longest:.1f} s |")


if __name__ == "__main__":
    main()
