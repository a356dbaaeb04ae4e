"""Nootropic in JupyterLab: the Jupyter server's part (one authenticated route for all verbs) and the front end."""

from __future__ import annotations

from typing import Any


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where the built front end lies, and under which name JupyterLab serves it."""
    return [{"src": "labextension", "dest": "nootropic-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from nootropic_lab.app import NootropicLab

    return [{"module": "nootropic_lab", "app": NootropicLab}]
