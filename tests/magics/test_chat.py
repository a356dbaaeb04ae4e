"""Chat in a notebook: streamed, over live variables, and the same after Restart & Run All."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.agents.scripted_model import scripted_model
from tests.kernel.running import PACKAGE
from tests.promises.rooms import noo

CELLS = [
    "%load_ext nootropic_kernel",
    "import pandas\nsales = pandas.DataFrame({'city': ['Bern'], 'sum': [42]})",
    "%noo chat What is in @sales --no-search",
    "%%noo chat --no-search\nAnd in\ngeneral?",
    "_.answer, _.turn",
]


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run all cells in a fresh kernel; the texts that each shows."""
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return [
        "\n".join(
            str(output.get("text", "") or output.get("data", {}).get("text/plain", "")) for output in cell["outputs"]
        )
        for cell in book.cells
    ]


def test_run_all_twice(repo: Path, tmp_path: Path, person_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_model(tmp_path, person_home, ["One sale.", "Little.", "One sale.", "Little."]) as model:
        first, second = run(repo, monkeypatch), run(repo, monkeypatch)
        assert "'city' " in model.prompts()[0] and "'Bern', 42" in model.prompts()[0]
        assert "And in\ngeneral?" in model.prompts()[1]
    assert first == second
    assert "sales: DataFrame of 1 rows" in first[2] and first[2].count("One sale.") == 1 and "C1, turn 1" in first[2]
    assert first[4] == "('Little.', 2)"
    assert "1 chats." in noo(repo, "chats").stdout
