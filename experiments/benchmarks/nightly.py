"""What `noo pipelines` costs: the first and the second `up`, memory while up, `run nightly`, a skipped night, `down`.

    python experiments/benchmarks/nightly.py

Works in a repository of its own with one accepted change. CPU seconds are those of the processes it starts; wall-clock
times on a shared machine say little.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / "nootropic_kernel").is_dir():
    sys.path[:0] = [str(ROOT), str(ROOT / "pipelines")]

from nootropic_kernel.agents import pipeline_services  # noqa: E402
from nootropic_kernel.capabilities.base import Session  # noqa: E402
from nootropic_kernel.capabilities.pipelines import PipelinesParams, PipelinesResult, pipelines  # noqa: E402
from nootropic_kernel.changes.accept import accept  # noqa: E402
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset  # noqa: E402
from nootropic_kernel.changes.store import ProposalStore  # noqa: E402
from nootropic_kernel.workspace import processes  # noqa: E402
from nootropic_kernel.workspace.database import StateDatabase  # noqa: E402
from nootropic_kernel.workspace.location import Workspace  # noqa: E402


def decided_workspace(folder: Path) -> Workspace:
    """A repository with one accepted change."""
    (folder / "a.py").write_text("x = 1\n")
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Start"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    workspace = Workspace.find(folder)
    database = StateDatabase.open(workspace)
    change = build_changeset([FileEdit("a.py", b"x = 1\n", b"x = 2\n")], Provenance(title="Two", how="recipe"))
    accept(workspace, database, [ProposalStore(database, workspace).propose(change).id])
    database.close()
    return workspace


def cpu_of_ended_children() -> float:
    """CPU seconds of the children that ended and were collected."""
    spent = os.times()
    return spent.children_user + spent.children_system


def main() -> int:
    """Measure once and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="print one JSON document")
    as_json = options.parse_args().json
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        workspace = decided_workspace(Path(name))

        def timed(step: str, **arguments: Any) -> PipelinesResult:
            start, cpu = time.monotonic(), cpu_of_ended_children()
            result = pipelines(PipelinesParams.model_validate(arguments), Session(workspace))
            time.sleep(0.2)  # what ended is collected by a thread
            measured[f"{step}_wall_s"] = round(time.monotonic() - start - 0.2, 1)
            measured[f"{step}_cpu_s"] = round(cpu_of_ended_children() - cpu, 1)
            return result

        try:
            timed("run", action="run")
            timed("skipped_run", action="run")
            timed("up", action="up")
            services = pipeline_services.running(workspace).values()
            found = {process.pid: process for record in services for process in processes.members(record)}
            spent = [process.cpu_times() for process in found.values()]
            measured["up_cpu_s"] = round(measured["up_cpu_s"] + sum(each.user + each.system for each in spent), 1)
            measured["processes"] = len(found)
            measured["rss_mib"] = round(sum(process.memory_info().rss for process in found.values()) / 2**20)
            timed("second_up", action="up")
            before = sum(_cpu(process.cpu_times) for process in found.values())
            time.sleep(20)
            after = sum(_cpu(process.cpu_times) for process in found.values())
            measured["idle_cpu_s_a_minute"] = round((after - before) * 3, 1)
        finally:
            timed("down", action="down")
    print(json.dumps(measured) if as_json else "\n".join(f"{name}: {value}" for name, value in measured.items()))
    return 0


def _cpu(times: Callable[[], Any]) -> float:
    spent = times()
    return float(spent.user + spent.system)


if __name__ == "__main__":
    sys.exit(main())
