"""What ``%load_ext nootropic_kernel`` adds to a notebook, and the first ``%%noo plan`` and the next.

    python experiments/benchmarks/load_ext.py [--rounds 7]

Each round is a fresh process with IPython already loaded, as a kernel has it, in a new repository. Medians are printed.
Target: less than 0.3 s, and none of torch, transformers, dagster, mlflow imported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET_S = 0.3
HEAVY = ("torch", "transformers", "dagster", "mlflow", "papermill", "pydantic", "httpx", "libcst", "xllamacpp")
FORBIDDEN = ("torch", "transformers", "dagster", "mlflow")

ROUND = """
import contextlib, io, json, os, sys, time
from IPython.core.interactiveshell import InteractiveShell
import ipykernel.ipkernel
shell = InteractiveShell.instance()
before = set(sys.modules)
def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return time.perf_counter() - wall, time.process_time() - cpu
load = timed(lambda: shell.run_line_magic("load_ext", "nootropic_kernel"))
loaded = set(sys.modules) - before
brief = "Add a function that sorts books by author.\\nAdd a test for it.\\n"
first = timed(lambda: shell.run_cell_magic("noo", "plan", brief))
assert os.path.exists("project-spec.md"), "nothing was planned"
planned = set(sys.modules) - before
again = timed(lambda: shell.run_cell_magic("noo", "plan", brief))
tops = lambda names: sorted({name.partition(".")[0] for name in names})
print(json.dumps({"load": load, "first": first, "again": again, "modules": len(loaded),
                  "load_tops": tops(loaded), "plan_tops": tops(planned)}))
"""


def make_repository(folder: Path) -> None:
    """A small repository to plan in."""
    (folder / "shelf").mkdir()
    (folder / "shelf" / "__init__.py").write_text('"""Books."""\n')
    (folder / "shelf" / "books.py").write_text("def by_title(books):\n    return sorted(books)\n")
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@localhost", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Start"]):
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def one_round() -> dict[str, Any]:
    """Run a round in a process of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        folder.mkdir()
        make_repository(folder)
        environment = {**os.environ, "IPYTHONDIR": temporary, "NOOTROPIC_HOME": str(Path(temporary) / "home")}
        if (ROOT / "nootropic_kernel").is_dir():
            environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-c", ROUND], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Measure, print a report and one JSON line; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    one_round()  # bytecode and caches
    rounds = [one_round() for _ in range(options.rounds)]

    def median(name: str, index: int) -> float:
        return statistics.median(float(row[name][index]) for row in rounds)

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {options.rounds} rounds, load average {load:.1f}")
    for name, label in (("load", "%load_ext"), ("first", "first %%noo plan"), ("again", "next %%noo plan")):
        print(f"  {label:17} {median(name, 0):6.3f} s wall  {median(name, 1):6.3f} s CPU")
    last = rounds[-1]
    print(f"  %load_ext imports {last['modules']} modules; packages: {', '.join(last['load_tops'])}")
    heavy = {when: [name for name in HEAVY if name in last[f"{when}_tops"]] for when in ("load", "plan")}
    print(f"  heavy ones after %load_ext: {heavy['load'] or 'none'}; after %%noo plan: {heavy['plan'] or 'none'}")
    figures = {name: {"wall_s": median(name, 0), "cpu_s": median(name, 1)} for name in ("load", "first", "again")}
    print(json.dumps({**figures, "modules": last["modules"], "heavy": heavy, "load_average": load}))
    forbidden = [name for name in FORBIDDEN if name in heavy["plan"]]
    return 0 if median("load", 0) < TARGET_S and not forbidden else 1


if __name__ == "__main__":
    sys.exit(main())
