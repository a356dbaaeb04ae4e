"""Executes the nightly report, a notebook, with papermill."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nootropic_kernel
from nootropic_kernel.agents.pipeline_services import NightFailed
from nootropic_kernel.agents.pipeline_stores import PipelineStores

NOTEBOOK = "nightly_report.ipynb"
_CELL_TIMEOUT_S = 600


@dataclass(frozen=True)
class Report:
    """The executed notebook, and what was wrong with it (empty: nothing)."""

    path: Path
    error: str = ""


def shipped_notebook(name: str = NOTEBOOK) -> Path:
    """The notebook as it was installed, or as it is in the checkout."""
    package = Path(nootropic_kernel.__file__).resolve().parent
    packaged = package / "notebooks" / name
    found = packaged if packaged.is_file() else package.parent / "notebooks" / name
    if not found.is_file():
        raise NightFailed(
            f"The notebook {name} is missing.", next="Install Nootropic again (`make demo`).", path=str(found)
        )
    return found


def execute(
    stores: PipelineStores, run_id: str, parameters: Mapping[str, Any], *, source: Path | None = None
) -> Report:
    """Execute the notebook into ``reports/nightly-<run>.ipynb``.

    What counts is the exception that papermill raises: when a kernel dies, the notebook itself says that every cell
    completed.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    stores.reports.mkdir(exist_ok=True)
    target = stores.reports / f"nightly-{run_id}.ipynb"
    try:
        papermill.execute_notebook(
            str(source or shipped_notebook()),
            str(target),
            parameters=dict(parameters),
            kernel_name=_kernel(),
            cwd=str(stores.workspace.root),
            progress_bar=False,
            execution_timeout=_CELL_TIMEOUT_S,
        )
    except PapermillExecutionError as error:
        return Report(target, f"Cell {error.exec_count} failed: {error.ename}: {error.evalue}")
    except Exception as error:  # a dead kernel, a timeout: each has a class of its own, none a common one
        return Report(target, f"{type(error).__name__}: {error}")
    return Report(target)


def _kernel() -> str:
    """The Nootropic kernel of this installation, else that of this interpreter (the notebook loads the magics)."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec("nootropic")
    except NoSuchKernel:
        return "python3"
    # A kernel of that name may belong to another installation, with another Nootropic.
    own = Path(sys.prefix).resolve() in Path(spec.resource_dir).resolve().parents
    return "nootropic" if own else "python3"
