"""One job for the executor: ask a model to change how books are sorted."""

from __future__ import annotations

import time
from typing import Any

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.changes.store import ProposalStore

ASK = {"instruct": "Sort without regard to case", "file": ["shelf/books.py"]}
LINE = ("code", "--instruct", ASK["instruct"], "--file", "shelf/books.py")
BAD = "No edit in here."


def kept_answers(session: Session) -> int:
    """How many answers are kept for a run that is not over."""
    found = session.database().read().execute("SELECT count(*) FROM run_answers").fetchone()[0]
    assert isinstance(found, int)
    return found


def ids(session: Session) -> list[str]:
    """The proposals that there are."""
    return ProposalStore(session.database(), session.workspace).ids()


def wait_for(what: Any) -> None:
    """Wait until it says yes."""
    deadline = time.monotonic() + 200
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
