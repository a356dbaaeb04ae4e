"""Where projects are started in tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace.location import Workspace


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A person in an empty folder that is no repository."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    session = Session(Workspace.find(folder))
    yield session
    session.close()
