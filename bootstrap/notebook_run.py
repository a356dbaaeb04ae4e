"""Executes a notebook with one line of progress a cell: by papermill, or by nbclient where that is missing."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CELL_TIMEOUT_S = 1200
MAY_FAIL = "raises-exception"
MARK_OF_PAPERMILL = "papermill-error-cell-tag"


class CellFailed(Exception):
    """A cell raised, ran too long, or took its kernel with it."""

    def __init__(self, title: str, reason: str) -> None:
        super().__init__(f"{title}: {reason}")
        self.title = title
        self.reason = reason


class CellProgress:
    """Says which part of the notebook runs, by the heading above each code cell."""

    def __init__(self, cells: list[Any]) -> None:
        self.titles: dict[int, str] = {}
        title = "Start"
        for index, cell in enumerate(cells):
            if cell.cell_type == "markdown":
                headings = re.findall(r"^#+ +(.+)$", cell.source, flags=re.MULTILINE)
                title = headings[-1].strip() if headings else title
            elif cell.cell_type == "code":
                self.titles[index] = title
        self.order = {index: number for number, index in enumerate(self.titles, start=1)}
        self.started = 0.0
        self.current = title

    def begin(self, index: int) -> None:
        if index not in self.titles:
            return
        self.started = time.monotonic()
        self.current = self.titles[index]
        width = len(str(len(self.titles)))
        text = f"[{self.order[index]:>{width}}/{len(self.titles)}] {self.current}"
        print(f"{text:<66}", end="", flush=True)

    def end(self, index: int, cell: Any, failed: bool = False) -> None:
        if index not in self.titles:
            return
        seconds = f"{time.monotonic() - self.started:6.1f} s"
        error = next((one for one in cell.get("outputs", ()) if one.output_type == "error"), None)
        if error is not None and not failed:
            # The notebook says itself that this step may not apply, and goes on.
            reason = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", error.evalue).split())
            print(f"{seconds}  not done: {reason[:100]}", flush=True)
        else:
            print("failed" if failed else seconds, flush=True)


@contextlib.contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Sends what this process and its kernels say on stderr to a file: the terminal is for the progress."""
    sys.stderr.flush()
    saved = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def execute(source: Path, target: Path, parameters: Mapping[str, Any], cwd: Path, kernel: str, log: Path) -> str:
    """Executes `source` into `target` and returns the name of what executed it.

    Args:
        log: takes what the kernel says beside the cells.
    Raises:
        CellFailed: a cell failed; what ran until then is in `target`.
    """
    with _stderr_to(log):
        if importlib.util.find_spec("papermill") is not None:
            _with_papermill(source, target, parameters, cwd, kernel)
            return "papermill"
        _with_nbclient(source, target, parameters, cwd, kernel)
        return "nbclient"


def _with_papermill(source: Path, target: Path, parameters: Mapping[str, Any], cwd: Path, kernel: str) -> None:
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    shown: list[CellProgress] = []

    class ShownEngine(NBClientEngine):  # type: ignore[misc]
        """papermill's own engine, telling where it is."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            progress = CellProgress(nb_man.nb.cells)
            shown.append(progress)
            start, complete, fail = nb_man.cell_start, nb_man.cell_complete, nb_man.cell_exception
            failed: set[int] = set()

            def cell_start(cell: Any, cell_index: int, **more: Any) -> None:
                progress.begin(cell_index)
                start(cell, cell_index, **more)

            def cell_exception(cell: Any, cell_index: int, **more: Any) -> None:
                failed.add(cell_index)
                fail(cell, cell_index, **more)

            def cell_complete(cell: Any, cell_index: int, **more: Any) -> None:
                progress.end(cell_index, cell, failed=cell_index in failed)
                complete(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            nb_man.cell_exception = cell_exception
            nb_man.cell_complete = cell_complete
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("shown", ShownEngine)
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(parameters),
            engine_name="shown",
            kernel_name=kernel,
            language="python",
            cwd=str(cwd),
            progress_bar=False,
            execution_timeout=CELL_TIMEOUT_S,
        )
    except papermill.PapermillExecutionError as error:
        if _every_error_was_allowed(target):
            return
        raise CellFailed(shown[-1].current if shown else "Start", f"{error.ename}: {error.evalue}") from error
    except Exception as error:
        # A dead kernel or a cell that ran too long is not in what papermill writes: the exception decides.
        print()
        raise CellFailed(shown[-1].current if shown else "Start", _short(error)) from error


def _every_error_was_allowed(target: Path) -> bool:
    """Whether only cells failed that may; papermill counts those too, and marks them: the marks are taken out."""
    import nbformat

    notebook = nbformat.read(target, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if MARK_OF_PAPERMILL not in cell.metadata.get("tags", ())]
    refused = [
        cell
        for cell in notebook.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
        and MAY_FAIL not in cell.metadata.get("tags", ())
    ]
    if refused or any(cell.metadata.get("papermill", {}).get("status") == "failed" for cell in notebook.cells):
        return False
    nbformat.write(notebook, target)
    return True


def _with_nbclient(source: Path, target: Path, parameters: Mapping[str, Any], cwd: Path, kernel: str) -> None:
    import nbformat
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = nbformat.read(source, as_version=4)
    at = next((n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())), -1)
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    cell = new_code_cell(given, metadata={"tags": ["injected-parameters"]})
    notebook.cells.insert(at + 1, cell)
    progress = CellProgress(notebook.cells)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name=kernel,
        resources={"metadata": {"path": str(cwd)}},
        on_cell_start=lambda cell, cell_index: progress.begin(cell_index),
        on_cell_executed=lambda cell, cell_index, execute_reply: progress.end(
            cell_index,
            cell,
            failed=execute_reply["content"]["status"] == "error" and MAY_FAIL not in cell.metadata.get("tags", ()),
        ),
    )
    try:
        client.execute()
    except Exception as error:
        raise CellFailed(progress.current, _short(error)) from error
    finally:
        nbformat.write(notebook, target)


def _short(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}"


def tagged_output(notebook: Path, tag: str) -> str:
    """The text that the cells with a tag printed or showed."""
    import nbformat

    parts = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type != "code" or tag not in cell.metadata.get("tags", ()):
            continue
        for output in cell.outputs:
            parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "".join(parts).strip()
