"""`kill -9` while a plan is made: whoever opens the workspace next settles it, journal, file and Git alike."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call
from tests.conftest import git

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"
BLOG = "Build a blog platform"
_DOOMED = """
import os, signal, sys
from nootropic_kernel.agents import spec_edits
from nootropic_kernel.agents.spec_history import SpecHistory
from nootropic_kernel.changes.commit import Repository

def dying(function):
    return lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL)

moment = sys.argv.pop(1)
if moment == "noted":
    spec_edits._replace = dying(spec_edits._replace)
elif moment == "written":
    Repository.commit = dying(Repository.commit)
else:
    SpecHistory.finish = dying(SpecHistory.finish)
from nootropic_kernel.cli.command import run
sys.exit(run(sys.argv[1:]))
"""


def killed(repo: Path, moment: str, *words: str) -> None:
    done = subprocess.run([sys.executable, "-c", _DOOMED, moment, *words], cwd=repo, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def rows(repo: Path, kind: str) -> list[journal.Event]:
    """What a process that opens the workspace now finds in the journal."""
    with closing(Session(Workspace.find(repo))) as session:
        return journal.events(session.database().read(), kind=kind)


@pytest.mark.parametrize("moment", ["written", "committed"])
@pytest.mark.parametrize("verb", ["spec", "board"])
def test_a_plan_that_was_written_is_committed_and_journalled_once(repo: Path, moment: str, verb: str) -> None:
    """Regression: killed between the commit and the journal, the row `plan.made` was lacking for good."""
    killed(repo, moment, "plan", BLOG)
    with closing(Session(Workspace.find(repo))) as session:
        call(session, verb)
    (made,) = rows(repo, "plan.made")
    assert made.data["revision"] == 1 and made.data["commit"] == git(repo, "rev-parse", "HEAD")
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [SPEC]
    assert git(repo, "status", "--porcelain") == ""
    with closing(Session(Workspace.find(repo))) as session:
        call(session, "plan", brief=BLOG)
    assert len(rows(repo, "plan.made")) == 1 and git(repo, "rev-list", "--count", "HEAD") == "2"


def test_a_plan_that_was_not_written_is_forgotten(repo: Path) -> None:
    killed(repo, "noted", "plan", BLOG)
    assert rows(repo, "plan.made") == [] and not (repo / SPEC).exists()
    with closing(Session(Workspace.find(repo))) as session:
        call(session, "plan", brief=BLOG)
    assert len(rows(repo, "plan.made")) == 1


@pytest.mark.parametrize("moment", ["written", "committed"])
def test_an_edit_that_was_written_is_settled_and_can_be_taken_back(repo: Path, moment: str) -> None:
    with closing(Session(Workspace.find(repo))) as session:
        call(session, "plan", brief=BLOG)
    killed(repo, moment, "task", "T3", "--title", "Mine")
    (edited,) = rows(repo, "plan.edited")
    assert edited.data["revision"] == 2 and edited.data["commit"] == git(repo, "rev-parse", "HEAD")
    assert git(repo, "status", "--porcelain") == ""
    with closing(Session(Workspace.find(repo))) as session:
        assert "Mine" not in call(session, "task", undo=True).text().split("\n", 1)[0]
