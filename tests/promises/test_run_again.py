"""Notebooks are run again: Restart Kernel & Run All gives the same tree, the same ids, and no second commit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from bootstrap.demo_repository import make_sample
from tests.conftest import git
from tests.kernel.running import Kernel, running_kernel
from tests.promises.rooms import CHECKOUT, call

pytestmark = pytest.mark.usefixtures("no_embedded_model")
NOTEBOOKS = CHECKOUT / "notebooks"


def sources(name: str) -> list[str]:
    """The code cells of a notebook of ours."""
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def run_all(kernel: Kernel, cells: list[str]) -> list[str]:
    """Run the cells in order and return what each showed, without times."""
    shown = []
    for cell in cells:
        ran = kernel.run(cell)
        assert ran.status == "ok", (cell, ran.error)
        forms = [content["data"] for content in ran.of("execute_result") + ran.of("display_data")]
        shown.append(ran.text + "".join(json.dumps(each, sort_keys=True) for each in forms))
    return shown


def state(repo: Path) -> tuple[str, str, list[str], list[str]]:
    """Commit, tree, and the ids of proposals and turns."""
    proposals = [line.split()[0] for line in call(repo, "status").text().splitlines() if re.match(r"P\d+", line)]
    trailers = git(repo, "log", "--format=%(trailers:key=Nootropic-Turn,valueonly)").split()
    return git(repo, "rev-parse", "HEAD"), git(repo, "rev-parse", "HEAD^{tree}"), proposals, trailers


@pytest.mark.deep
@pytest.mark.slow
def test_the_cells_of_the_quickstart(tmp_path: Path) -> None:
    """All but those of the pipelines, which the slow test of the whole notebook runs."""
    repository = make_sample(NOTEBOOKS / "sample_project", tmp_path / "repository")
    cells = [cell for cell in sources("quickstart.ipynb") if "pipelines" not in cell]
    parameters = cells.index(next(cell for cell in cells if "repo =" in cell))
    cells[parameters] = f"repo = {str(repository)!r}"
    seen = []
    for _ in range(2):
        with running_kernel(tmp_path) as kernel:
            shown = run_all(kernel, cells)
            assert "Not done" not in shown[-1].replace("Not done, see the message at its cell: ran the nightly", "")
            seen.append(state(repository))
    assert seen[0] == seen[1] and seen[0][3], "the same commit, tree, proposals and turns"
    assert git(repository, "status", "--porcelain") == ""
    told = dict(zip(cells, shown, strict=True))
    for cell, said in (
        ("%noo run T1 T2 --into ran", "is done"),
        ("%noo accept P1:1", "already"),
        ("%noo undo A1", "already undone by A2"),
        ("%noo accept P1 P2 --into accepted", "already"),
    ):
        assert said in told[cell], (cell, told[cell])
    with running_kernel(repository) as kernel:
        edited = kernel.run("%%noo plan\nBuild a blog platform with tags\n")
        assert edited.status == "error" and "--amend" in edited.error
        assert "there is a plan already" in edited.error
    assert state(repository) == seen[0]


@pytest.mark.slow
def test_the_nightly_report(repo: Path) -> None:
    call(repo, "plan", brief="Build a blog platform")
    call(repo, "run", tasks=["T1"])
    call(repo, "accept", refs=["P1:1"])
    before = state(repo)
    cells = sources("nightly_report.ipynb")
    outputs = []
    for _ in range(2):
        with running_kernel(repo) as kernel:
            outputs.append(run_all(kernel, cells))
    assert outputs[0] == outputs[1] and state(repo) == before
    assert git(repo, "status", "--porcelain") == ""
