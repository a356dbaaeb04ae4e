"""What the tests of changes start from."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import store_with_text


@pytest.fixture
def store(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    """A store over a repository that holds a file of thirty lines. Modules that want another one have their own."""
    return store_with_text(workspace, database)
