"""The thin thread on briefs and repositories made at random: from a brief to a commit, back, again, and found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Result
from tests.conftest import git
from tests.planning.random_repository import RandomRepository, random_brief, random_repository
from tests.promises.rooms import call, dice

TRAILERS = "%(trailers:key=Nootropic-Proposal,key=Nootropic-Task,key=Nootropic-Turn,separator=%x2C)"


def thread(root: Path, *more: object) -> None:
    """One round; each verb is called as the faces call it, with a session of its own."""
    rng = dice(*more)
    repository = random_repository(rng, notebook=True)
    repository.write(root)
    brief = random_brief(rng, repository)
    while brief.startswith("Fix"):  # no recipe mends a fault
        brief = random_brief(rng, repository)
    about_things = not re.match("Rename|Write docs", brief)
    renamed_there = brief.startswith("Rename") and brief.split()[1] in _notebook(repository)
    notebook_is_touched = about_things or renamed_there
    print(f"{brief!r} in {sorted(repository.files)}")

    def do(verb: str, **arguments: Any) -> Any:
        result = call(root, verb, **arguments)
        assert isinstance(result, Result) and result.bundle()["text/plain"]
        return result

    def log(form: str, count: int = 1) -> str:
        return git(root, "log", f"-{count}", f"--format={form}")

    before = log("%H")
    planned = do("plan", brief=brief)
    assert planned.action == "made" and log("%P") == before
    assert git(root, "show", "--name-only", "--format=", "HEAD") == "project-spec.md"

    ready = [task.id for task in do("next", count=20).tasks if task.how.kind == "recipe"]
    assert len(ready) >= (2 if about_things else 1), planned.text()
    cells: list[Any] = []
    several: list[Any] = []
    views: list[Any] = []
    for task in ready:  # two tasks: one with several hunks, one in a notebook
        view = do("run", tasks=[task]).proposals[0]
        views.append(view)
        cells += [view] if any(hunk.kind == "cell" for hunk in view.hunks) else []
        several += [view] if len(view.hunks) > 1 else []
        if cells and several and len(views) > 1:
            break
    assert cells or not notebook_is_touched, "no task changes a cell of the notebook"
    assert several or not about_things, "no task has several hunks"
    assert git(root, "status", "--porcelain") == "" and log("%s").startswith("Plan:"), "a proposal writes nothing"

    chosen = (several or views)[0]
    name = chosen.proposal.id
    texts = [hunk for hunk in chosen.hunks if hunk.kind != "cell"] or list(chosen.hunks)
    hunk = rng.choice([each for each in texts if each.new.strip()])
    old = git(root, "rev-parse", "HEAD^{tree}")
    turn = do("accept", refs=[hunk.ref])
    assert git(root, "show", "--name-only", "--format=", "HEAD") == hunk.path, "only what was accepted"
    wanted = {f"Nootropic-Proposal: {name}", f"Nootropic-Task: {chosen.proposal.task}", f"Nootropic-Turn: {turn.id}"}
    assert set(log(TRAILERS).split(",")) == wanted
    states = {each.ref: each.state for each in do("show", id=name).proposal.hunks}
    assert states.pop(hunk.ref) == "accepted" and set(states.values()) <= {"pending"}
    new = git(root, "rev-parse", "HEAD^{tree}")

    assert do("undo").reverses == turn.id and git(root, "rev-parse", "HEAD^{tree}") == old
    assert do("redo").commit and git(root, "rev-parse", "HEAD^{tree}") == new
    assert git(root, "status", "--porcelain") == ""

    for view in {view.proposal.id: view for view in (chosen, *cells[:1])}.values():
        do("accept", refs=[view.proposal.id])
        assert do("run", tasks=[view.proposal.task]).tasks[0].outcome == "done"
    assert git(root, "status", "--porcelain") == ""
    added = [line.strip() for line in hunk.new.splitlines() if len(line.split()) > 1]
    words = next((line for line in added if line.startswith(("class ", "def "))), added[0] if added else hunk.new)
    assert hunk.path in do("search", query=words, limit=20).text(), words

    commits, tree = log("%H"), git(root, "rev-parse", "HEAD^{tree}")
    assert do("plan", brief=brief).action == "shown"
    assert do("accept", refs=[name]).already
    assert do("run", tasks=[chosen.proposal.task]).tasks[0].proposal == name
    assert (log("%H"), git(root, "rev-parse", "HEAD^{tree}")) == (commits, tree), "what is done stays as it is"


def _notebook(repository: RandomRepository) -> str:
    return repository.files[repository.notebook or ""].decode()


@pytest.mark.usefixtures("no_embedded_model")
@pytest.mark.parametrize("round_", [0, *(pytest.param(number, marks=pytest.mark.deep) for number in (1, 2))])
def test_a_random_brief_in_a_random_repository(tmp_path: Path, round_: int) -> None:
    thread(tmp_path / "project", "fast", round_)


@pytest.mark.deep
@pytest.mark.timeout(3000)
@pytest.mark.usefixtures("no_embedded_model")
@pytest.mark.parametrize("round_", range(40))
def test_many_random_briefs_in_random_repositories(tmp_path: Path, round_: int) -> None:
    thread(tmp_path / "project", "deep", round_)
