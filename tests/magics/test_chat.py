"""Chat in a notebook: streamed, over live variables, and the same after Restart & Run All."""

from __future__ import annotations

import os
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.agents.scripted_model import scripted_model
from tests.kernel.running import PACKAGE, running_kernel
from tests.models.conftest import ServeScript, serve  # noqa: F401
from tests.models.endless_answer import begun, name_backends
from tests.promises.rooms import noo

pytestmark = pytest.mark.slow

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


def test_stop_keeps_what_had_come_and_the_chat_goes_on(
    repo: Path,
    person_home: Path,
    serve: ServeScript,  # noqa: F811
) -> None:
    name_backends(person_home, s=serve(*begun("Once upon"), {"sleep": 600}).url)
    with running_kernel(repo) as kernel:
        kernel.run("%load_ext nootropic_kernel")
        for turn in (1, 2):
            request = kernel.client.execute(f"%noo chat Tell me {turn} --no-search")
            heard = ""
            while "Once upon" not in heard:
                message = kernel.client.get_iopub_msg(timeout=90)
                heard = str(message["content"]) if message["parent_header"].get("msg_id") == request else ""
            kernel.manager.interrupt_kernel()
            began = time.monotonic()
            reply = kernel.reply_to(request)
            assert reply["ename"] == "Interrupted" and time.monotonic() - began < 10
    shown = noo(repo, "chats", "show", "C1").stdout
    assert shown.count("Once upon [stopped]") == 2 and "Tell me 2" in shown
