"""What a confined command finds: the system, this interpreter, its folder, and a few variables."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache",
           "/etc/localtime")  # fmt: skip
# Where it shares the person's /dev and /proc: what tells nothing about the person.
SHARED_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
SHARED_FACTS = tuple(f"/proc/{name}" for name in ("cpuinfo", "meminfo", "filesystems", "sys/vm/overcommit_memory"))


@dataclass(frozen=True)
class View:
    """Links (path, target) and places (path, where it is on this machine, writable), a folder before what is in it."""

    links: list[tuple[str, str]]
    binds: list[tuple[str, str, bool]]


def view_of(folder: Path) -> View:
    """The files of a run in ``folder``, whose links are resolved."""
    links = [(path, os.readlink(path)) for path in _SYSTEM if os.path.islink(path)]
    shown = [path for path in _SYSTEM if os.path.exists(path) and not os.path.islink(path)]
    binds = [(path, os.path.realpath(path), False) for path in [*shown, *interpreter()]]
    binds.append((str(folder), str(folder), True))
    return View(links, sorted(binds, key=lambda bind: bind[0].count("/")))


def interpreter() -> list[str]:
    """The folders that this Python needs, and our own program, where the system's folders do not hold them already."""
    needed = {str(INSIDE)}
    program = os.path.abspath(sys.executable)
    while program:
        needed.add(os.path.dirname(program))
        # `python` may be a link to a link, each in a folder of its own.
        program = os.path.join(os.path.dirname(program), os.readlink(program)) if os.path.islink(program) else ""
    found = {os.path.abspath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    for folder in needed:
        if not any(within(folder, path) for path in found):
            found.add(folder)
    return sorted(path for path in found if path != "/" and not any(within(path, system) for system in _SYSTEM))


def variables(home: str) -> dict[str, str]:
    """The environment of a command; ``home`` is where it may keep what it likes until it ends."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": home,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }


def within(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it; both absolute."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
