"""A connection to the gateway that nobody can keep open by saying nothing, or a little at a time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# A request's head, and what still comes after an answer, has so long.
PATIENCE_S = 30.0


class PatientProtocol(H11Protocol):
    """uvicorn's, which itself waits for ever for the rest of a request that was begun."""

    _wait: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Wait no more once a request is being answered."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._wait is None:
            self._wait = self.loop.call_later(PATIENCE_S, self._give_up)

    def _stop(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def _give_up(self) -> None:
        self._wait = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
