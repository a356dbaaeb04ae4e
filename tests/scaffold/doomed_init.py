"""``noo init`` in a process that ends itself by ``kill -9`` before or after its n-th write.

Run as ``doomed_init.py MOMENT NUMBER LOG VERB …``; a write is a file that is replaced, a Git command, or a transaction.
Each is one line of LOG.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from nootropic_kernel.agents import spec_edits
from nootropic_kernel.changes import turns
from nootropic_kernel.cli.command import run
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.git import Git


def doom(moment: str, number: int, log: str) -> None:
    """Put the end of this process in its way."""
    count = 0

    def step(what: str, here: str) -> None:
        nonlocal count
        if here == "before":
            count += 1
            with open(log, "a") as file:
                file.write(what + "\n")
        if here == moment and number == count:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            told = what if what != "git" else f"git {_verb(arguments[1:])}"
            step(told, "before")
            done = function(*arguments, **options)
            step(told, "after")
            return done

        return called

    transaction = StateDatabase.transaction

    @contextmanager
    def kept(database: StateDatabase) -> Any:
        step("transaction", "before")
        with transaction(database) as connection:
            yield connection
        step("transaction", "after")

    turns.replace_file = counted("file", turns.replace_file)  # type: ignore[assignment]
    spec_edits.replace_file = counted("file", spec_edits.replace_file)  # type: ignore[assignment]
    Git.result = counted("git", Git.result)  # type: ignore[method-assign]
    StateDatabase.transaction = kept  # type: ignore[method-assign,assignment]


def _verb(arguments: tuple[str, ...]) -> str:
    return next((each for each in arguments if not each.startswith("-") and "=" not in each), "")


if __name__ == "__main__":
    doom(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(run(sys.argv[4:]))
