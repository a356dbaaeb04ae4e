"""What the tests of agents start from. Modules that want another session have their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    """A session in a repository without tests, so that nothing is run."""
    git(repo, "rm", "-rq", "tests")
    git(repo, "commit", "-qm", "No tests")
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()
