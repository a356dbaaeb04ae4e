"""Time to load our magics against `litellm` and `jupyter_ai_magics`, each in a virtual environment of its own.

    python experiments/benchmarks/import_time.py [--rounds 7] [--venvs FOLDER]

Each round is a fresh process with IPython loaded already, as a kernel has it: `%load_ext nootropic_kernel`, `import
litellm`, `%load_ext jupyter_ai_magics`, in turns. The peers are installed by pip into FOLDER/litellm and
FOLDER/jupyter_ai_magics, or used as they are when they are there; without --venvs in a temporary folder. litellm is
told to use the price table that it carries: else it fetches one while it is imported. The ratios are of medians of CPU
seconds. Target: ours ÷ each of the others ≤ 0.1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = 0.1
OURS = "nootropic_kernel"
WORK = {
    OURS: 'shell.run_line_magic("load_ext", "nootropic_kernel")',
    "litellm": "import litellm",
    "jupyter_ai_magics": 'shell.run_line_magic("load_ext", "jupyter_ai_magics")',
}
ROUND = """
import contextlib, io, json, sys, time
from IPython.core.interactiveshell import InteractiveShell
import ipykernel.ipkernel
shell = InteractiveShell.instance()
before = len(sys.modules)
wall, cpu = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    {work}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps({{"wall": wall, "cpu": cpu, "modules": len(sys.modules) - before}}))
"""


def prepare(folder: Path, package: str) -> str:
    """The interpreter of the environment of ``package``, made if it is not there."""
    python = folder / package / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / package)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", package, "ipykernel"], check=True)
    return str(python)


def one_round(python: str, package: str, home: Path) -> dict[str, Any]:
    """Load it in a fresh process."""
    environment = {**os.environ, "IPYTHONDIR": str(home), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environment["PYTHONPATH"] = str(ROOT) if package == OURS and (ROOT / OURS).is_dir() else ""
    code = ROUND.format(work=WORK[package])
    done = subprocess.run([python, "-c", code], cwd=home, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{package} cannot be loaded: {done.stderr[-1000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Measure, print a report and one JSON line; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--venvs", type=Path, help="where the environments of the others are, or are made")
    options = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = options.venvs or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pythons = {name: sys.executable if name == OURS else prepare(folder, name) for name in WORK}
        for name, python in pythons.items():
            one_round(python, name, home)  # bytecode and caches
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in WORK}
        for number in range(options.rounds):
            for name in list(WORK) if number % 2 == 0 else reversed(WORK):
                rows[name].append(one_round(pythons[name], name, home))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {options.rounds} rounds, load average {load:.1f}")
    found = {
        name: {key: statistics.median(float(row[key]) for row in each) for key in ("wall", "cpu", "modules")}
        for name, each in rows.items()
    }
    for name, figures in found.items():
        ratio = found[OURS]["cpu"] / figures["cpu"]
        print(
            f"  {name:18} {figures['wall']:6.3f} s wall  {figures['cpu']:6.3f} s CPU  {figures['modules']:5.0f} modules"
            + ("" if name == OURS else f"  ours ÷ this {ratio:.3f}")
        )
    print(json.dumps({**found, "load": load}))
    return 0 if all(found[OURS]["cpu"] / found[name]["cpu"] <= TARGET for name in WORK if name != OURS) else 1


if __name__ == "__main__":
    sys.exit(main())
