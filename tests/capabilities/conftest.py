"""What the tests of the verbs of plans share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.workspace.location import Workspace


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    """A session in a repository with the plan of a blog. Modules that want another one have their own."""
    opened = Session(Workspace.find(repo))
    plan(PlanParams(brief="Build a blog platform"), opened)
    yield opened
    opened.close()
