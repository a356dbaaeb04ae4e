"""The levels of confinement, the strongest first, and which of them work on this machine.

Landlock alone, as in a container that allows no namespaces, costs programs more than the others: there are no sockets
but connected pairs, no /proc/self, no /dev/shm (so no locks of multiprocessing) and no /tmp but `TMPDIR`; and chmod,
chown, touch and the like seem to succeed and do nothing, as they would reach the person's own files.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.sandbox import bubblewrap
from nootropic_kernel.sandbox.inside import landlock, seccomp
from nootropic_kernel.sandbox.inside.spec import BUBBLEWRAP, LANDLOCK, NAMESPACES
from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.sandbox.process import execute
from nootropic_kernel.sandbox.result import SandboxUnavailable

LEVELS = (BUBBLEWRAP, NAMESPACES, LANDLOCK)
_OWN = "own user, process, network and mount namespaces; no home, no network, clean environment"
DESCRIPTIONS = {
    BUBBLEWRAP: f"bubblewrap: {_OWN}",
    NAMESPACES: f"namespaces: {_OWN}",
    LANDLOCK: "landlock: no file outside but the system's, no sockets, clean environment; no namespaces",
}
_TRIAL_S = 30.0
# Tries what a level is for: the folder can be written, a neighbour can not be read.
_TRIAL = """
import sys
open("made", "w").close()
try:
    open(sys.argv[1]).close()
except OSError:
    sys.exit(0)
sys.exit("a file outside can be read")
"""


@dataclass(frozen=True)
class LevelStatus:
    """A level, and whether it works here; if it does not, ``why`` says the reason."""

    name: str
    works: bool
    why: str
    description: str


def levels() -> tuple[LevelStatus, ...]:
    """Every level with whether it works on this machine, the strongest first. Each is tried once a process."""
    return tuple(LevelStatus(name, not (why := why_not(name)), why, DESCRIPTIONS[name]) for name in LEVELS)


def strongest() -> str | None:
    """The first level that works here, or None; weaker ones are then not tried."""
    return next((name for name in LEVELS if not why_not(name)), None)


def unenforced(level: str) -> tuple[str, ...]:
    """What does not hold at ``level`` on this machine, in words."""
    found = []
    if level == BUBBLEWRAP:
        found.append("the number of files in its private /tmp (their size is limited)")
    if level == LANDLOCK:
        found.append("names, sizes and times of files outside can be asked for by name (not what is in them)")
    elif landlock.abi() < landlock.OLDEST_ABI:
        found.append("Landlock as a second wall: this kernel has none")
    if os.geteuid() != 0:
        found.append("the number of files in a folder that it makes unreadable")
    if os.uname().machine not in seccomp.MACHINES:
        found.append(f"a filter on system calls: those of {os.uname().machine} are not known")
    return tuple(found)


def available() -> str:
    """Empty when commands can be confined here, else the reason why not."""
    return "" if strongest() else " ".join(f"{name}: {why_not(name)}" for name in LEVELS)


@functools.cache
def why_not(level: str) -> str:
    """Empty when ``level`` works here, else the reason why not: something is run at it, once a process."""
    if not sys.platform.startswith("linux"):
        return "it needs Linux."
    if level == BUBBLEWRAP and bubblewrap.program() is None:
        return "bubblewrap (`bwrap`) is not installed."
    with tempfile.TemporaryDirectory() as place:
        secret, folder = Path(place, "secret"), Path(place, "folder")
        secret.write_text("secret")
        folder.mkdir()
        command = [sys.executable, "-I", "-S", "-c", _TRIAL, str(secret)]
        try:
            tried = execute(
                level, command, folder, limits=Limits(), environment={}, timeout_s=_TRIAL_S, cancel=None, channel=None
            )
        except SandboxUnavailable as problem:
            return problem.why
        if tried.code == 0 and Path(folder, "made").exists():
            return ""
        return f"a trial failed: {tried.stopped_by or tried.errors.strip()[-500:] or f'code {tried.code}'}."
