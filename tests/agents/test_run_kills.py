"""`kill -9` before and after every effect of real `noo` processes: begun again, each run ends as if it had not been."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.changes.changeset import Provenance
from nootropic_kernel.changes.proposal import CheckResult
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.agents import scripted_model as models
from tests.agents.processes import command_lines
from tests.conftest import git
from tests.promises.rooms import BOOKS, GOOD, environment, noo

DOOMED = str(Path(__file__).with_name("doomed_noo.py"))
COSTLY = ("Ask", "Approve", "Run")
BREAKS = f"shelf/books.py\n```python\n{BOOKS.replace('sorted(books)', 'list(books)')}```\n"
TROUBLED = ["No edit in here.", BREAKS, GOOD]
CODE = ("code", "--instruct", "Sort without regard to case", "--file", "shelf/books.py")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("working_sandbox")]


def _untimed(check: CheckResult) -> CheckResult:
    """A result without the seconds that pytest names in its last line."""
    return replace(check, detail=re.sub(r"\bin \d+\.\d+s\b", "in some time", check.detail))


@dataclass
class Run:
    """What a run of a command is in a test: where, which command, and what its model says."""

    root: Path
    command: tuple[str, ...]
    model: models.ScriptedModel
    log: Path
    seen: list[str] = field(default_factory=list)

    def go(self, moment: str = "never", number: int = 0) -> int:
        """One process, killed at that moment of that effect (0: of any); its exit code."""
        command = [sys.executable, DOOMED, moment, str(number), str(self.log), *self.command]
        done = subprocess.run(command, cwd=self.root, env=environment(), capture_output=True, text=True, timeout=550)
        self.seen.append(done.stdout + done.stderr)
        return done.returncode

    def served(self) -> list[str]:
        """The kinds of the effects served, by all processes."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def proposals(self) -> list[Proposal]:
        """What was proposed; the trace differs from run to run by design."""
        workspace = Workspace.find(self.root)
        with closing(StateDatabase.open(workspace)) as database:
            found = ProposalStore(database, workspace).list()
        return [
            replace(each, created=0.0, changeset=_untraced(each), checks=tuple(map(_untimed, each.checks)))
            for each in found
        ]

    def left_over(self) -> list[str]:
        """What a run must not leave: worktrees, journalled answers, locks, processes."""
        state = self.root / ".nootropic"
        with closing(StateDatabase.open(Workspace.find(self.root))) as database:
            found = [f"row {row['request']}" for row in database.read().execute("SELECT request FROM run_answers")]
        found += [str(path) for folder in ("work", "runs") for path in (state / folder).glob("*")]
        found += git(self.root, "worktree", "list").splitlines()[1:]
        return found + [name for name in command_lines() if str(self.root) in name]


def _untraced(proposal: Proposal) -> Any:
    provenance: Provenance = proposal.changeset.provenance
    return replace(proposal.changeset, provenance=replace(provenance, trace_id=None))


Fresh = Callable[[], AbstractContextManager[Run]]


def whole_run(fresh: Fresh) -> tuple[list[str], list[Proposal]]:
    """The kinds of effects and the proposal of a run that nothing happens to."""
    with fresh() as run:
        assert run.go() == 0, run.seen
        assert len(run.proposals()) == 1 and run.left_over() == []
        return run.served(), run.proposals()


def killed_at_every_effect(fresh: Fresh) -> list[str]:
    """Kill at every moment in turn, each time in a repository of its own; gives the kinds of effects of a whole run."""
    kinds, proposals = whole_run(fresh)
    for number, kind in enumerate(kinds, start=1):
        for moment in ("before", "served", "kept") if kind in COSTLY else ("before", "served"):
            with fresh() as run:
                where = f"{moment}, {number}. of {kinds}"
                assert run.go(moment, number) == -signal.SIGKILL, where
                assert run.proposals() == [], where
                assert run.go() == 0, (where, run.seen)
                assert run.proposals() == proposals, where
                in_flight = [kind] if moment == "served" and kind in COSTLY else []
                assert costly(run.served()) == costly(kinds) + Counter(in_flight), where
                assert len(run.model.requests()) == run.served().count("Ask"), where
                assert run.left_over() == [], where
                done = sum(costly(kinds[: number - (moment != "kept")]).values())
                resumed = f"Resumed: {done} of {sum(costly(kinds).values())} steps were done before."
                assert (resumed in run.seen[-1]) == (done > 0), (where, run.seen)
    return kinds


def one_effect_a_life(fresh: Fresh) -> list[str]:
    """Every process is killed as soon as it has journalled one answer, until one finds nothing left to do."""
    kinds, proposals = whole_run(fresh)
    with fresh() as run:
        lives = 1
        while run.go("kept") == -signal.SIGKILL:
            lives += 1
        assert run.proposals() == proposals, run.seen
        assert lives == sum(costly(kinds).values()) + 1
        assert costly(run.served()) == costly(kinds)
        assert len(run.model.requests()) == kinds.count("Ask")
        assert run.left_over() == []
    return kinds


def costly(kinds: list[str]) -> Counter[str]:
    """How many there are of each kind that must not be done twice."""
    return Counter(kind for kind in kinds if kind in COSTLY)


@pytest.fixture
def fresh(tmp_path: Path, person_home: Path, repo: Path) -> Callable[..., Any]:
    """Makes runs of a command: each with a copy of one repository, and with a model that knows nothing of the last."""
    count = 0

    @contextmanager
    def make(answers: list[Any], *command: str) -> Iterator[Run]:
        nonlocal count
        count += 1
        folder = tmp_path / f"run{count}"
        folder.mkdir()
        subprocess.run(["cp", "-a", str(repo), str(folder / "project")], check=True)
        with models.scripted_model(folder, person_home, answers, steady=True) as model:
            yield Run(folder / "project", command, model, folder / "served.log")

    return make


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_code_ends_the_same_wherever_it_is_killed(fresh: Callable[..., Any]) -> None:
    assert killed_at_every_effect(lambda: fresh([GOOD], *CODE)) == ["Search", "Read", "Ask", "Run"]


@pytest.mark.timeout(600)
def test_killed_while_tests_run_nothing_outlives_it_and_no_answer_is_lost(
    fresh: Callable[..., Any], repo: Path
) -> None:
    slow = (
        "import os, time\n\n\ndef test_slow():\n    if not os.path.exists('quick'):\n"
        "        open('started', 'w').close()\n        time.sleep(250)\n"
    )
    (repo / "tests" / "test_slow.py").write_text(slow)
    with fresh([GOOD], *CODE) as run:
        command = [sys.executable, "-m", "nootropic_kernel.cli", *CODE]
        process = subprocess.Popen(command, cwd=run.root, env=environment(), start_new_session=True)
        try:
            wait_for(lambda: any((run.root / ".nootropic" / "work").glob("*/started")))
        finally:
            process.kill()
            process.wait()
        wait_for(lambda: not any(str(run.root) in name for name in command_lines()))
        (run.root / "quick").touch()
        assert run.go() == 0 and [each.id for each in run.proposals()] == ["P1"]
        assert len(run.model.requests()) == 1 and run.left_over() == []


def wait_for(what: Callable[[], bool]) -> None:
    """Wait a good while until it is so."""
    deadline = time.monotonic() + 200
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_a_run_with_a_format_retry_and_a_repair_is_done_in_seven_lives(fresh: Callable[..., Any]) -> None:
    kinds = one_effect_a_life(lambda: fresh(TROUBLED, *CODE))
    assert [kind for kind in kinds if kind in COSTLY] == ["Ask", "Ask", "Run", "Run", "Ask", "Run"]


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_run_with_a_format_retry_and_a_repair_ends_the_same_too(fresh: Callable[..., Any]) -> None:
    killed_at_every_effect(lambda: fresh(TROUBLED, *CODE))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("brief", "kinds"),
    [
        pytest.param("rename by_title to sort_by_title", {"Read", "Run"}, marks=pytest.mark.deep),
        ("Make the sort ignore case in by_title", {"Search", "Read", "Ask", "Run"}),
    ],
)
def test_a_task_is_done_once_by_recipe_or_model(
    repo: Path, fresh: Callable[..., Any], brief: str, kinds: set[str]
) -> None:
    assert noo(repo, "plan", brief).returncode == 0
    assert set(one_effect_a_life(lambda: fresh([GOOD], "run", "T1"))) == kinds


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("brief", ["rename by_title to sort_by_title", "Make the sort ignore case in by_title"])
def test_a_task_ends_the_same_wherever_it_is_killed(repo: Path, fresh: Callable[..., Any], brief: str) -> None:
    assert noo(repo, "plan", brief).returncode == 0
    killed_at_every_effect(lambda: fresh([GOOD], "run", "T1"))
