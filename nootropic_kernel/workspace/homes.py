"""The person's own folders: settings and trust, and downloads; and paths as a person writes them."""

from __future__ import annotations

import os
from pathlib import Path

from nootropic_kernel.workspace.errors import UsageError


def person_home() -> Path:
    """The person's own Nootropic folder: settings, trust, and state of workspaces that cannot carry their own."""
    return Path(os.environ.get("NOOTROPIC_HOME") or Path.home() / ".nootropic").expanduser().absolute()


def download_cache() -> Path:
    """The per-user folder for downloads such as models."""
    if named := os.environ.get("NOOTROPIC_CACHE"):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "nootropic"


def named_path(text: str, base: Path) -> Path:
    """A path that a person wrote: `~` is a home, and what is not absolute starts at ``base``.

    :raises UsageError: when nothing can be called that.
    """
    path = base
    try:
        path = base / Path(text).expanduser()
        path.resolve()
        path.lstat()  # which knows a name that is too long
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # What is not there can be made, and whoever opens it tells what else is wrong.
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{text!r} is no path.", why=f"{error}.", next="Name another.") from error
    return path
