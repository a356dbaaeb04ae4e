"""What a machine must have before anything can be installed, and the command that brings what it lacks."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

MIN_PYTHON = (3, 11)


class Missing(NamedTuple):
    """One thing that is not there: what it is, and its package on each platform."""

    what: str
    debian: str
    fedora: str
    macos: str


def missing(version: tuple[int, ...] = sys.version_info[:3]) -> list[Missing]:
    """Everything needed first that this machine lacks; empty when all is there."""
    gone = []
    if version < MIN_PYTHON:
        found = ".".join(str(n) for n in version[:3])
        gone.append(
            Missing(
                f"Python 3.11 or newer (this one is {found}; name another with `make demo PYTHON=python3.12`)",
                "python3 python3-venv",
                "python3.12",
                "python",
            )
        )
    else:
        lacking = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
        if lacking:
            series = f"{version[0]}.{version[1]}"
            gone.append(
                Missing(f"the Python modules {' and '.join(lacking)}", f"python{series}-venv", "python3", "python")
            )
    if not runs("git", "--version"):
        gone.append(Missing("Git", "git", "git", "git"))
    if not runs("make", "--version"):
        gone.append(Missing("make", "make", "make", "make"))
    return gone


def runs(*argv: str) -> bool:
    """Whether the program is there and works (macOS has a `git` that only offers to install Git)."""
    if shutil.which(argv[0]) is None:
        return False
    try:
        done = subprocess.run(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def platform_family(os_release: Path = Path("/etc/os-release")) -> str:
    """`macos`, `debian`, `fedora`, or nothing when it is none of them."""
    if sys.platform == "darwin":
        return "macos"
    try:
        lines = os_release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    like = (fields.get("ID", "") + " " + fields.get("ID_LIKE", "")).replace('"', " ").split()
    if "debian" in like or "ubuntu" in like:
        return "debian"
    return "fedora" if {"fedora", "rhel", "centos"} & set(like) else ""


def explain(gone: list[Missing], family: str) -> str:
    """What is missing and the one command that installs it here, or the commands of every platform we know."""
    commands = {
        "debian": ("Debian, Ubuntu", "sudo apt-get install " + " ".join(one.debian for one in gone)),
        "fedora": ("Fedora", "sudo dnf install " + " ".join(one.fedora for one in gone)),
        "macos": ("macOS", "brew install " + " ".join(one.macos for one in gone)),
    }
    lines = ["Nootropic needs these first:"]
    lines += [f"  - {one.what}" for one in gone]
    lines.append("Install with:")
    shown = [family] if family in commands else list(commands)
    lines += [f"  {name}: {command}" for name, command in (commands[key] for key in shown)]
    return "\n".join(lines)
