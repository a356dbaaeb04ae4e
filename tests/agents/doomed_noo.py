"""The `noo` command in a process that ends itself by ``kill -9`` at a given moment of a given effect.

Run as ``doomed_noo.py MOMENT NUMBER LOG VERB …``. Moments: ``before`` the effect is served, when it is ``served`` but
not journalled, when it is ``kept``; ``never`` lets it live. NUMBER counts effects from 1; 0 is any. Each effect that
was served becomes one line of LOG: its kind.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from nootropic_kernel.cli.command import run
from nootropic_kernel.runs.driver import _Server
from nootropic_kernel.runs.steps import StepLog


def doom(moment: str, number: int, log: str) -> None:
    """Put the end of this process in its way."""
    handle, record = _Server._handle, StepLog.record
    guard = threading.Lock()
    begun = 0

    def end_at(here: str, count: int) -> None:
        if here == moment and number in (0, count):
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(server: _Server, effect: Any) -> Any:
        nonlocal begun
        with guard:
            begun += 1
            mine = begun
        end_at("before", mine)
        answer = handle(server, effect)
        with open(log, "a") as file:
            file.write(type(effect).__name__ + "\n")
        end_at("served", mine)
        return answer

    def kept(steps: StepLog, *told: Any) -> None:
        record(steps, *told)
        end_at("kept", begun)

    _Server._handle = counted  # type: ignore[method-assign]
    StepLog.record = kept  # type: ignore[method-assign]


if __name__ == "__main__":
    doom(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(run(sys.argv[4:]))
