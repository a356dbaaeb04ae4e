"""The quickstart runs to its end in a repository of its own, can be run again, and leaves no process behind."""

from __future__ import annotations

import uuid
from pathlib import Path

import nbformat
import pytest

from bootstrap.demo_repository import NOTEBOOK_NAME, git, make_sample
from bootstrap.leftovers import MARK, end_all
from bootstrap.notebook_run import execute

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.pipelines]


def run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Executes the quickstart on a repository; the processes that it left."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    try:
        execute(
            ROOT / "notebooks" / "quickstart.ipynb",
            repository / NOTEBOOK_NAME,
            {"repo": str(repository)},
            repository,
            "nootropic",
            repository.parent / "kernel.log",
        )
    finally:
        left = end_all(mark, repository)
    return left


def ids(repository: Path) -> list[str]:
    """Subject and Nootropic trailers of every commit, oldest first."""
    trailers = "%(trailers:key=Nootropic-Proposal,key=Nootropic-Task,key=Nootropic-Turn,separator=%x2C)"
    return git(repository, "log", "--reverse", f"--format=%s|{trailers}").splitlines()


def test_it_runs_twice_with_the_same_tree_and_no_second_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone_before = git(ROOT, "rev-parse", "HEAD") if (ROOT / ".git").exists() else ""
    repository = make_sample(ROOT / "notebooks" / "sample_project", tmp_path / "with spaces" / "repository")
    assert run(repository, monkeypatch) == []
    first, tree = ids(repository), git(repository, "rev-parse", "HEAD^{tree}")
    assert any("Nootropic-Proposal: P" in line for line in first)
    assert (repository / "project-spec.md").is_file()
    assert git(repository, "status", "--porcelain") == ""
    cells = nbformat.read(repository / NOTEBOOK_NAME, as_version=4).cells
    errors = [o for c in cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert not errors

    assert run(repository, monkeypatch) == []
    assert ids(repository) == first
    assert git(repository, "rev-parse", "HEAD^{tree}") == tree
    if clone_before:
        assert git(ROOT, "rev-parse", "HEAD") == clone_before
