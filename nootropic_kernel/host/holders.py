"""What the service holds, by name. A holder owns something that one process alone may have, and leases it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from nootropic_kernel.host.models import ModelHolder


class Grant(Protocol):
    """What a client was given."""

    @property
    def terms(self) -> dict[str, Any]:
        """How to use it, as JSON."""
        ...

    def how_it_ended(self) -> str | None:
        """How the leased thing ended, in words; None when it still runs."""
        ...

    def used(self) -> Mapping[str, float | None]:
        """What was used of it for this client so far, by the counter's name; None for one that cannot be read."""
        ...


class Holder(Protocol):
    """One kind of thing that the service holds."""

    def lease(self, params: Mapping[str, Any], gone: threading.Event) -> AbstractContextManager[Grant]:
        """Make it ready and wait for the client's turn; ``gone`` is set when the client has left.

        :raises NootropicError: when it cannot be given.
        :raises Interrupted: when ``gone`` is set.
        """
        ...

    def status(self) -> dict[str, Any]:
        """What is held now, as JSON."""
        ...

    def tidy(self) -> None:
        """Called every second or so."""
        ...

    def close(self) -> None:
        """End everything that is held."""
        ...


def holders(state: Path, idle_s: float) -> dict[str, Holder]:
    """Everything that a service can hold, by the name that clients ask for. Nothing is started."""
    return {"model": ModelHolder(state, idle_s)}
