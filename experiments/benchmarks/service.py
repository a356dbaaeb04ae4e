"""How fast the workspace service is back after a kill -9 under load, against the load time of the bare engine.

    python experiments/benchmarks/service.py [--rounds 5] [--in-flight 8]

Each round asks with so many requests in flight (processes of their own, as faces are), kills the service by SIGKILL as
soon as one of them is being answered, and measures from the kill: until the service answers a look at it again, and
until the first token of an answer that begins after the kill. Every request that was in flight must end right or in a
typed error. The bare engine is xllamacpp in a process of its own: from its start to its first token.
Targets: a look after less than 2 s, the first token after less than 2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
if (ROOT / "nootropic_kernel").is_dir():
    sys.path.insert(0, str(ROOT))

from engines import StreamingEngine  # noqa: E402

from nootropic_kernel.models.catalogue import find_model  # noqa: E402
from nootropic_kernel.workspace import service  # noqa: E402
from nootropic_kernel.workspace.location import Workspace  # noqa: E402

TARGET_S = 2.0
PATIENCE_S = 120.0
TYPED = ("InferenceError", "AnswerCut", "BackendUnreachable", "ModelTimeout", "ModelLoadFailed")

# A client as a face is one. It asks until it is told to stop, and says when each answer began and how it ended.
CLIENT = """
import json, sys, threading, time
from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
backend, over = EmbeddedBackend(find_model(), Workspace.find(sys.argv[1])), threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
def say(**what):
    print(json.dumps({**what, "at": time.time()}), flush=True)
say(ready=True)
number = 0
while not over.is_set():
    number += 1
    said = []
    def piece(text):
        if not said:
            say(began=number)
        said.append(text)
    try:
        answer = backend.chat(ChatRequest((Message("user", f"{sys.argv[2]}.{number}: count to ten."),), 24), piece)
        say(ended="right" if "".join(said) == answer.text else "wrong")
    except NootropicError as error:
        say(ended=error.code, why=error.why)
"""


class Clients:
    """So many processes that ask all the time."""

    def __init__(self, workspace: Workspace, count: int) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        self.log = workspace.root / "clients.log"
        with self.log.open("a") as log:
            self.processes = [
                subprocess.Popen(
                    [sys.executable, "-c", CLIENT, str(workspace.root), str(number)],
                    stdin=subprocess.PIPE, stdout=log, text=True, env=environment,
                )
                for number in range(count)
            ]  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """What they said so far."""
        lines = self.log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for(self, condition: Any) -> dict[str, Any]:
        """The first row that meets the condition."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for row in self.rows():
                if condition(row):
                    return row
            time.sleep(0.005)
        raise SystemExit(f"It never happened: {self.log.read_text()[-2000:]}")

    def close(self) -> None:
        """Let each end its request, and end."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self.processes:
            process.wait(PATIENCE_S)


def one_round(workspace: Workspace, clients: Clients) -> tuple[float, float]:
    """Seconds from a kill to the next look that is answered, and to the first token of an answer asked for since."""
    since = time.time()
    clients.wait_for(lambda row: "began" in row and row["at"] > since)
    found = service.status(workspace)
    if found is None:
        raise SystemExit("There is no service to kill.")
    os.kill(found["pid"], signal.SIGKILL)
    killed = time.time()
    looked = None
    while looked is None and time.time() < killed + PATIENCE_S:
        state = service.status(workspace)
        if state is not None and state["pid"] != found["pid"]:
            looked = time.time() - killed
        time.sleep(0.005)
    # What the old engine had sent is read within this time, and no new one is there so soon.
    row = clients.wait_for(lambda row: "began" in row and row["at"] > killed + 0.1)
    if looked is None:
        raise SystemExit("The service did not come back.")
    return looked, row["at"] - killed


def main() -> int:
    """Measure, print a report and one JSON line; 1 when a target is missed or a request ended in no known way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=8)
    options = parser.parse_args()
    model, looks, tokens, bare = find_model(), list[float](), list[float](), list[float]()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workspace = Workspace.find(folder)
        workspace.ensure()
        clients = Clients(workspace, options.in_flight)
        try:
            for _ in clients.processes:
                clients.wait_for(lambda row: "ready" in row)
            for _ in range(options.rounds):
                looked, token = one_round(workspace, clients)
                looks.append(looked)
                tokens.append(token)
                time.sleep(1.0)
        finally:
            clients.close()
            service.stop(workspace)
        ends = [row["ended"] for row in clients.rows() if "ended" in row]
    for _ in range(options.rounds):
        started = time.perf_counter()
        engine = StreamingEngine(model, max(1, cores - 1))
        engine.ask("count to ten.", 2)
        bare.append(time.perf_counter() - started)
        engine.close()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    counts = {end: ends.count(end) for end in sorted(set(ends))}
    strange = [end for end in counts if end != "right" and end not in TYPED]
    look, token, alone = (statistics.median(values) for values in (looks, tokens, bare))
    print(f"{cores} cores, {options.rounds} kills with {options.in_flight} in flight, load average {load:.1f}")
    print(f"  from the kill to the next look    {look:6.2f} s  (rounds {', '.join(f'{v:.2f}' for v in looks)})")
    print(f"  from the kill to the next token   {token:6.2f} s  (rounds {', '.join(f'{v:.2f}' for v in tokens)})")
    print(f"  bare engine, start to first token {alone:6.2f} s; ratio {token / alone:.2f}; target {TARGET_S:g} s")
    print(f"  how the requests ended: {counts}")
    print(json.dumps({"look_s": looks, "token_s": tokens, "bare_s": bare, "ends": counts, "load": load}))
    return 0 if look < TARGET_S and token < TARGET_S and not strange else 1


if __name__ == "__main__":
    sys.exit(main())
