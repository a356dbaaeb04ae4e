"""Problems of the International Planning Competition 2020 (hierarchical tracks): how many are solved, and how fast.

    python experiments/benchmarks/htn_problems.py --domains DIR [--seconds 30] [--only Rover] [--others 3]

DIR is a checkout of https://github.com/panda-planner-dev/ipc2020-domains (its files have licences of their own, so they
are not here). By default the 66 problems of the comparison, spread over the range of sizes of each domain; ``--others``
takes domains that the search was not written with. Each is read and searched in a process of its own. Every plan is
checked by a judge that shares no code with the planner.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

_COMPARED = {
    "total-order/Transport": 8,
    "total-order/Rover-GTOHP": 8,
    "total-order/Satellite-GTOHP": 8,
    "total-order/Blocksworld-GTOHP": 6,
    "total-order/Childsnack": 6,
    "total-order/Logistics-Learned-ECAI-16": 6,
    "total-order/Snake": 6,
    "partial-order/Transport": 6,
    "partial-order/Rover": 6,
    "partial-order/Satellite": 6,
}
_MEMORY = 6 << 30  # bytes that one search may take


def spread(folder: Path, many: int) -> list[Path]:
    """So many problems of a domain, from the smallest to the largest by name."""
    found = [each for each in folder.glob("*.hddl") if not each.stem.endswith("domain")]
    found.sort(key=lambda each: [(not word.isdigit(), int(word) if word.isdigit() else word)
                                 for word in re.findall(r"\d+|\D+", each.name)])  # fmt: skip
    if many >= len(found):
        return found
    return [found[round(at * (len(found) - 1) / (many - 1))] for at in range(many)]


def solve(domain: str, problem: str, seconds: float) -> None:
    """One problem, in this process; prints what came out as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    from nootropic_kernel.planning.hddl.plan import plan_of
    from nootropic_kernel.planning.hddl.reader import read
    from nootropic_kernel.planning.hddl.search import Search

    begin = time.process_time()
    texts = Path(domain).read_text(), Path(problem).read_text()
    search = Search(read(*texts))
    try:
        outcome = search.run(seconds - (time.process_time() - begin))
    except MemoryError:
        print(json.dumps({"state": "memory", "cpu": time.process_time() - begin, "actions": 0, "wrong": ""}))
        return
    plan = plan_of(*outcome.root).text() if outcome.root else ""
    took, wrong, actions = time.process_time() - begin, "", 0
    if plan:
        from tests.planning.htn_verifier import Judge

        try:
            actions = Judge(*texts).judge(plan)
        except AssertionError as error:
            wrong = str(error) or "wrong"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"state": outcome.state, "cpu": took, "actions": actions, "wrong": wrong, "mb": memory,
                      "looked": outcome.looked}))  # fmt: skip


def main() -> None:
    """Print a line a problem, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=30.0, help="CPU seconds a problem, reading included")
    parser.add_argument("--only", default="", help="only domains whose name contains this")
    parser.add_argument("--others", type=int, default=0, help="so many of each domain that is not compared")
    parser.add_argument("--quiet", action="store_true", help="only the sums")
    given = parser.parse_args()
    chosen = dict(_COMPARED)
    if given.others:
        folders = sorted(given.domains.glob("*-order/*"))
        names = {f"{each.parent.name}/{each.name}" for each in folders if each.is_dir()}
        chosen = {name: given.others for name in sorted(names - set(chosen))}
    solved = total = 0
    seconds: list[float] = []
    for name, many in chosen.items():
        if given.only not in name:
            continue
        good = 0
        picked = spread(given.domains / name, many)
        for problem in picked:
            domain = problem.with_name("domain.hddl")
            if not domain.exists():
                domain = problem.with_name(f"{problem.stem}-domain.hddl")
            call = [sys.executable, __file__, "--one", str(domain), str(problem), str(given.seconds)]
            done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
            if done.returncode:
                print(f"  {name}/{problem.name}: {done.stderr.strip().splitlines()[-1:]}")
                continue
            found = json.loads(done.stdout)
            valid = found["state"] == "solved" and not found["wrong"]
            good += valid
            seconds += [found["cpu"]] if valid else []
            if not given.quiet:
                print(f"  {name}/{problem.name}: {found}", flush=True)
        print(f"{name}: {good} of {len(picked)}", flush=True)
        solved, total = solved + good, total + len(picked)
    middle = statistics.median(seconds) if seconds else 0.0
    print(f"{solved} of {total} solved and valid; median {middle:.2f} s CPU, longest {max(seconds, default=0.0):.1f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        solve(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        main()
