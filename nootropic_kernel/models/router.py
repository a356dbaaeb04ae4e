"""Which backend answers: the first usable one of the person's order, else the embedded one if its file is here.

A backend is only ever used because the person named it in their own settings; the embedded model is the one that needs
no naming, because it runs here.
"""

from __future__ import annotations

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.catalogue import EMBEDDED, find_model
from nootropic_kernel.models.contract import Backend
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings


def candidates(settings: Settings, workspace: Workspace) -> list[Backend]:
    """The backends that may be asked, in the order in which they would be."""
    found: list[Backend] = []
    embedded = find_model()
    for name in (*settings.model_preference, EMBEDDED):
        if any(name == backend.name for backend in found):
            continue
        if name in settings.backends:
            found.append(connect(settings.backends[name]))
        elif name in (EMBEDDED, embedded.name) and not any(backend.name == EMBEDDED for backend in found):
            found.append(
                EmbeddedBackend(embedded, workspace, use_gpu=settings.use_gpu, max_size_gb=settings.max_model_size_gb)
            )
    return found


def choose(settings: Settings, workspace: Workspace) -> Backend:
    """The backend to ask. Nothing is loaded and nobody is contacted.

    :raises NoModel: when no backend can be asked; it names what to do for each.
    """
    reasons: list[str] = []
    steps: list[str] = []
    for backend in candidates(settings, workspace):
        state = backend.available()
        if state.ok:
            return backend
        reasons.append(state.reason)
        steps.append(state.next)
    unknown = [name for name in settings.model_preference if name not in settings.backends and name != EMBEDDED]
    reasons += [f"Your settings prefer {name!r}, which no backend in them is called." for name in unknown]
    raise NoModel(
        "No model can answer here.",
        why=" ".join(reasons),
        next=" ".join(step if step.endswith((".", "`")) else f"{step}." for step in steps),
        reasons=reasons,
    )
