"""The process that sends spans on. Run as ``python -m nootropic_kernel.telemetry.forwarder WORKSPACE``."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nootropic_kernel.telemetry.destination import Destination, NotDelivered, Refused
from nootropic_kernel.telemetry.forwarding import lock_file, mlflow_database
from nootropic_kernel.telemetry.spans import span_store
from nootropic_kernel.telemetry.store import Forwarding, SpanStore
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import LockBusy, process_lock
from nootropic_kernel.workspace.settings import Settings, load_settings

BATCH = 256
_POLL_S = 0.5
_IDLE_S = 30.0
# Where a destination stays away, the process ends and the next span tries again.
_GIVE_UP_S = 600.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
# A new destination gets what its first trace has, not what was done before the person named it.
_LOOK_BACK_S = 60.0


@dataclass
class Route:
    """The way to one destination: how far it has got, and when to try again after a failure."""

    destination: Destination
    store: SpanStore
    began: float
    pause_s: float = 0.0
    not_before: float = 0.0

    def forward(self) -> int:
        """Send the next spans, if it is time to; returns how many were dealt with.

        Progress is kept after each batch, so that a killed forwarder sends a batch twice rather than never.
        """
        if time.monotonic() < self.not_before:
            return 0
        state = self.store.forwarding().get(self.destination.name)
        if state is None:
            state = Forwarding(self.destination.name, self.store.last_seq(self.began - _LOOK_BACK_S))
            self.store.note_forwarding(state)
        batch = self.store.since(state.seq, BATCH)
        if not batch:
            return 0
        reached = replace(state, seq=batch[-1][0], failing_since=None, reason="")
        try:
            self.destination.send([record for _, record in batch])
        except NotDelivered as problem:
            self.pause_s = min(_LONGEST_PAUSE_S, self.pause_s * 2 or _FIRST_PAUSE_S)
            self.not_before = time.monotonic() + self.pause_s
            since = state.failing_since or time.time()
            self.store.note_forwarding(replace(state, failing_since=since, reason=str(problem)))
            return 0
        except Refused as problem:
            reached = replace(reached, reason=str(problem), refused=state.refused + len(batch))
        self.pause_s = 0.0
        self.store.note_forwarding(reached)
        return len(batch)


def destinations(settings: Settings, workspace: Workspace) -> Iterator[Destination]:
    """Where the person wants spans sent."""
    telemetry = settings.measuring.telemetry
    if telemetry.otlp_endpoint is not None:
        from nootropic_kernel.telemetry.otlp import OtlpDestination

        yield OtlpDestination(telemetry.otlp_endpoint, telemetry.prompt_text)
    if telemetry.mlflow and (database := mlflow_database(workspace)) is not None:
        from nootropic_kernel.telemetry.mlflow_traces import MlflowDestination

        yield MlflowDestination(database, telemetry.prompt_text, span_store(workspace))


def forward(workspace: Workspace, *, idle_s: float = _IDLE_S, give_up_s: float = _GIVE_UP_S) -> None:
    """Send spans until there was nothing to send for ``idle_s`` seconds, or nothing could be sent for ``give_up_s``.

    What the person settles meanwhile holds at once: a destination that is taken away gets no further span.
    """
    began, moved = time.time(), time.monotonic()
    routes: dict[str, Route] = {}
    while workspace.state_dir.is_dir():
        store = span_store(workspace)
        wanted = {place.name: place for place in destinations(load_settings(workspace), workspace)}
        if not wanted:
            return
        routes = {name: routes.get(name) or Route(place, store, began) for name, place in wanted.items()}
        for name, place in wanted.items():
            routes[name].destination = place
        if sum(route.forward() for route in routes.values()):
            moved = time.monotonic()
            continue
        failing = any(route.pause_s for route in routes.values())
        if time.monotonic() - moved >= (give_up_s if failing else idle_s):
            return
        time.sleep(min(_POLL_S, idle_s))


def main(arguments: Sequence[str]) -> int:
    """Forward the spans of the workspace named, unless another process does."""
    workspace = Workspace.find(Path(arguments[0]))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)  # behind the work that is measured
    try:
        with process_lock(lock_file(workspace), timeout_s=1.0):
            forward(workspace)
    except LockBusy:
        return 0
    except (sqlite3.Error, OSError) as problem:
        print(f"The spans were not sent on: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
