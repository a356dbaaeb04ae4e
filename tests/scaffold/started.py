"""Projects as a person finds them: what is committed, and how their tasks stand."""

from __future__ import annotations

from pathlib import Path

from nootropic_kernel.agents.planner import current_plan
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git


def states(folder: Path) -> dict[str, str]:
    """The status of each task."""
    session = Session(Workspace.find(folder))
    try:
        found = current_plan(session.workspace, session.database())
        return {name: state.status for name, state in found.states.items()}
    finally:
        session.close()


def tree(folder: Path) -> dict[str, str]:
    """The committed files with the names that Git has for their contents."""
    listed = git(folder, "ls-tree", "-r", "HEAD").splitlines()
    return {line.split("\t")[1]: line.split()[2] for line in listed}


def commits(folder: Path) -> list[str]:
    """The subjects of the commits, oldest first."""
    return git(folder, "log", "--reverse", "--format=%s").splitlines()
