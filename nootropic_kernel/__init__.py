"""Nootropic: a local-first agent workbench for JupyterLab. Importing this package loads nothing but its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add ``%noo`` and ``%%noo`` to the shell (``%load_ext nootropic_kernel``)."""
    from nootropic_kernel.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything back that loading added (``%unload_ext nootropic_kernel``)."""
    from nootropic_kernel.magics import unload

    unload(shell)
