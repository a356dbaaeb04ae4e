"""A process that makes decisions on request and can be told to kill itself, as `kill -9` does, in the middle of one.

    python decision_server.py ROOT

A line in is {"what": …, "arguments": […], "fatal": n, "window": bool}; a line out is {"told": …} or {"refused": …}.
With ``fatal`` it dies at the n-th line that it executes in the rooms that decide; with ``window`` lines count only from
the moment that Git has made the commit until the turn is recorded.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from types import FrameType
from typing import Any

from nootropic_kernel.changes import accept as decide
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

WHOLE = ("database.py", "connection.py", "git.py", "journal.py", "locks.py")
# Computing the diff touches nothing; deaths there would only thin out the others.
QUIET = ("line_diff.py", "changeset.py", "notebook.py", "diff_view.py")


class Fate:
    """Counts lines, and ends the process at the chosen one."""

    def __init__(self, fatal: int, *, window: bool) -> None:
        self.fatal, self.seen, self.counting = fatal, 0, not window

    def calls(self, frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if frame.f_code.co_name == "_made":  # `git commit` has come back
            self.counting = True
        if not name.endswith(QUIET) and ("nootropic_kernel/changes/" in name or name.endswith(WHOLE)):
            return self.lines
        return None

    def lines(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line" and self.counting:
            self.seen += 1
            if self.seen == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.lines


def main() -> None:
    """Serve until the input ends."""
    workspace = Workspace.find(sys.argv[1])
    database = StateDatabase.open(workspace)
    for line in sys.stdin:
        asked = json.loads(line)
        fate = Fate(asked["fatal"], window=asked["window"]) if asked["fatal"] is not None else None
        answer: dict[str, Any] = {}
        try:
            if fate is not None:
                sys.settrace(fate.calls)
            answer["told"] = str(getattr(decide, asked["what"])(workspace, database, *asked["arguments"]))
        except NootropicError as error:
            answer = {"refused": error.code, "why": str(error)}
        finally:
            sys.settrace(None)
        print(json.dumps({**answer, "lines": fate.seen if fate is not None else None}), flush=True)


if __name__ == "__main__":
    main()
