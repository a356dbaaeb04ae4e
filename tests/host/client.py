"""A client in a process of its own: leases, or asks the model, and prints JSON lines."""

from __future__ import annotations

import json
import os
import sys
import time

from nootropic_kernel.workspace import service
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace


def say(**what: object) -> None:
    """One line."""
    print(json.dumps(what), flush=True)


def pid_of_service(workspace: Workspace) -> None:
    """Start the service if needed, by a lease that nothing can grant."""
    try:
        with service.lease(workspace, "no such thing", {}):
            say(granted=True)
    except service.ServiceRefused as error:
        found = service.status(workspace)
        say(refused=error.what, pid=found and found["pid"], identity=found and found["identity"])


def ask(workspace: Workspace, seconds: float, question: str) -> None:
    """Ask the model again and again; one line an answer or a typed error."""
    from nootropic_kernel.models.catalogue import find_model
    from nootropic_kernel.models.contract import ChatRequest, Message
    from nootropic_kernel.models.embedded import EmbeddedBackend

    backend = EmbeddedBackend(find_model(), workspace)
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = backend.chat(ChatRequest((Message("user", question),), 12))
            say(text=answer.text, engine=backend.engine_pid(), at=time.time())
        except NootropicError as error:
            say(error=error.code, why=error.why, at=time.time())
        if time.monotonic() >= deadline:
            return


def hold(workspace: Workspace, fork: str) -> None:
    """Lease the model and keep it; with ``fork`` a child that was forked meanwhile lives on."""
    from nootropic_kernel.models.catalogue import find_model
    from nootropic_kernel.models.embedded import EmbeddedBackend

    with EmbeddedBackend(find_model(), workspace).engine.request() as reached:
        if fork and os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        say(engine=reached.pid)
        sys.stdin.readline()


if __name__ == "__main__":
    place = Workspace.find(sys.argv[2])
    if sys.argv[1] == "service":
        pid_of_service(place)
    elif sys.argv[1] == "ask":
        ask(place, float(sys.argv[3]), sys.argv[4])
    else:
        hold(place, sys.argv[3])
