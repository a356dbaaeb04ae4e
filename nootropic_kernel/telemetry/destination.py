"""What the forwarder wants of a place that spans go to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.workspace.errors import NootropicError


class NotDelivered(NootropicError):
    """The destination could not be reached or is busy: the same spans are sent again later."""


class Refused(NootropicError):
    """The destination will never take these spans."""


class Destination(Protocol):
    """Where spans go."""

    @property
    def name(self) -> str:
        """What its progress is kept under."""
        ...

    def send(self, records: Sequence[SpanRecord]) -> None:
        """Send spans; those sent before may come again.

        :raises NotDelivered: when it does not work now.
        :raises Refused: when it never will.
        """
        ...
