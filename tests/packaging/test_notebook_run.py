"""The demo executes a notebook with progress, by papermill and without it, and tells which cell failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bootstrap import notebook_run
from bootstrap.notebook_run import CellFailed, tagged_output

pytestmark = pytest.mark.slow
RUNNERS: list[Any] = [
    pytest.param(notebook_run._with_papermill, marks=pytest.mark.pipelines, id="papermill"),
    pytest.param(notebook_run._with_nbclient, id="nbclient"),
]
Runner = Callable[[Path, Path, dict[str, Any], Path, str], None]


def write(folder: Path, last: str, allowed: str = "pass") -> Path:
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A notebook"),
            new_code_cell("repo = 'nothing given'", metadata={"tags": ["parameters"]}),
            new_markdown_cell("## A step that may not apply"),
            new_code_cell(allowed, metadata={"tags": ["raises-exception"]}),
            new_markdown_cell("## The work"),
            new_code_cell(last, metadata={"tags": ["summary"]}),
        ]
    )
    nbformat.write(notebook, folder / "in.ipynb")
    return folder / "in.ipynb"


@pytest.mark.parametrize("run", RUNNERS)
def test_parameters_arrive_and_headings_are_shown(
    run: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "import os\nprint(repo, os.getcwd())")
    run(source, tmp_path / "out.ipynb", {"repo": "a 'quoted' name"}, tmp_path, "python3")
    assert tagged_output(tmp_path / "out.ipynb", "summary") == f"a 'quoted' name {tmp_path}"
    shown = capsys.readouterr().out
    assert "[4/4] The work" in shown and "[1/4] A notebook" in shown


@pytest.mark.parametrize("run", RUNNERS)
def test_a_failing_cell_is_named_with_its_error(run: Runner, tmp_path: Path) -> None:
    with pytest.raises(CellFailed, match=r"The work: .*no such luck"):
        run(write(tmp_path, "raise ValueError('no such luck')"), tmp_path / "out.ipynb", {}, tmp_path, "python3")
    assert (tmp_path / "out.ipynb").is_file()


@pytest.mark.parametrize("run", RUNNERS)
def test_a_kernel_that_dies_is_a_failure(run: Runner, tmp_path: Path) -> None:
    with pytest.raises(CellFailed, match="DeadKernel"):
        run(write(tmp_path, "import os\nos._exit(9)"), tmp_path / "out.ipynb", {}, tmp_path, "python3")


@pytest.mark.parametrize("run", RUNNERS)
def test_a_step_that_may_fail_is_named_and_the_rest_goes_on(
    run: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "print('the end')", "raise LookupError('there is\\nno such thing')")
    run(source, tmp_path / "out.ipynb", {"repo": "x"}, tmp_path, "python3")
    assert "not done: there is no such thing" in capsys.readouterr().out
    assert tagged_output(tmp_path / "out.ipynb", "summary") == "the end"
    written = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert not [cell for cell in written.cells if "papermill-error-cell-tag" in cell.metadata.get("tags", ())]
