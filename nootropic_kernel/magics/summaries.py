"""What JupyterLab's chat asks a kernel: the names of live variables, and what some of them hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.display import JSON

from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.values import describe

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def live_names(shell: InteractiveShell) -> list[str]:
    """The person's variables, as `%who` lists them."""
    hidden = shell.user_ns_hidden
    return sorted(name for name in list(shell.user_ns) if not name.startswith("_") and name not in hidden)


def names(shell: InteractiveShell) -> Any:
    """The same for a front end."""
    return _json(live_names(shell))


def summaries(shell: InteractiveShell, wanted: list[str]) -> Any:
    """What those of the wanted variables hold that there are, bounded, secrets removed."""
    # A cell may be running: each is looked up once.
    missing = object()
    found = {name: shell.user_ns.get(name, missing) for name in wanted}
    return _json({name: describe(name, value, redact) for name, value in found.items() if value is not missing})


def _json(data: Any) -> Any:
    """Data as the kernel's reply carries it: a plain value would go as its `repr`."""
    return JSON(data)  # type: ignore[no-untyped-call]
