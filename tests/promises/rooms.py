"""Parts that the tests of the promises share: seeds that can be repeated, and repositories in every state."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import nootropic_kernel
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.workspace.location import Workspace

CHECKOUT = Path(nootropic_kernel.__file__).parent.parent
BOOKS = (
    '"""Books and how to sort them."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n    return sorted(books)\n'
)
# An answer of a model that gives the function of `shelf/books.py` another body.
GOOD = f"shelf/books.py\n```python\n{BOOKS.replace('sorted(books)', 'sorted(books, key=str.casefold)')}```\n"


def dice(*more: object) -> random.Random:
    """Random numbers from ``NOOTROPIC_SEED``, or from a new seed; it is printed, and pytest shows it on a failure.

    :param more: what tells several dice of one seed apart.
    """
    seed = os.environ.get("NOOTROPIC_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"NOOTROPIC_SEED={seed}")
    return random.Random(f"{seed} {more}")


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that is to run this package."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), **more}


def noo(folder: Path, *arguments: str, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    command = [sys.executable, "-m", "nootropic_kernel.cli", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(), input=stdin, capture_output=True, text=True, timeout=timeout
    )


def call(folder: Path, verb: str, **arguments: Any) -> Any:
    """Call a verb as the faces do, with a session of its own, and return its result."""
    session = Session(Workspace.find(folder), face="test")
    try:
        return invoke(verb, arguments, session)
    finally:
        session.close()
