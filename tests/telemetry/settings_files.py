"""Writes settings files as a person or a repository has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.location import Workspace


def person_says(person_home: Path, **document: Any) -> None:
    """Make this the person's settings."""
    person_home.mkdir(parents=True, exist_ok=True)
    (person_home / "config.json").write_text(json.dumps(document))


def repository_says(workspace: Workspace, **document: Any) -> None:
    """Make this the workspace's settings file."""
    (workspace.root / "nootropic.json").write_text(json.dumps(document))
