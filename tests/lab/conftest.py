"""A real Jupyter server over the test's repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403


@pytest.fixture
def jp_root_dir(repo: Path) -> Path:
    """The server serves the folder above the repository, so that the repository is a folder in it."""
    return repo.parent


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Only our extension."""
    return {"ServerApp": {"jpserver_extensions": {"nootropic_lab": True}}}


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registry of verbs is found out once for all tests, as on a person's machine."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes the developer's cache."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(shared_cache))
