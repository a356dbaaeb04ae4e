"""The pipe on which the runner reports, read while it runs."""

from __future__ import annotations

import os
import threading
from types import TracebackType

# What one line a test needs for a hundred thousand of them; more is not a report.
_MOST = 32 << 20
# What outlives an unconfined run may hold the pipe open.
_PATIENCE_S = 5.0


class ReportPipe:
    """A pipe whose ``channel`` is given to the command; ``report`` holds what came, once the block is left."""

    def __init__(self) -> None:
        self.report = b""
        self._source, self.channel = os.pipe()
        self._reader = threading.Thread(target=self._read, name="nootropic-report", daemon=True)

    def __enter__(self) -> ReportPipe:
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self.channel)
        self._reader.join(_PATIENCE_S)

    def _read(self) -> None:
        came = bytearray()
        while piece := os.read(self._source, 1 << 16):
            came += piece[: _MOST - len(came)]  # read on all the same: a full pipe would stop the writer
        self.report = bytes(came)
        os.close(self._source)
