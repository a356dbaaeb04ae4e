"""What the tests of verbs start from. Modules that want another session or model have their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.models.conftest import serve as serve


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    """A session in a repository with the plan of a blog."""
    opened = Session(Workspace.find(repo))
    plan(PlanParams(brief="Build a blog platform"), opened)
    yield opened
    opened.close()


@pytest.fixture
def model(tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    """A server that gives one answer after the other, as the person's own backend."""
    with scripted_model(tmp_path, person_home, [f"Answer {number}." for number in range(1, 20)]) as running:
        yield running
