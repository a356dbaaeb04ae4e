"""The person's own folders: settings and trust, and downloads."""

from __future__ import annotations

import os
from pathlib import Path


def person_home() -> Path:
    """The person's own Nootropic folder: settings, trust, and state of workspaces that cannot carry their own."""
    return Path(os.environ.get("NOOTROPIC_HOME") or Path.home() / ".nootropic").expanduser().absolute()


def download_cache() -> Path:
    """The per-user folder for downloads such as models."""
    if named := os.environ.get("NOOTROPIC_CACHE"):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "nootropic"
