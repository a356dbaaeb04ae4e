"""The OpenTelemetry exporter that writes to our span store. Imported only when the SDK is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from nootropic_kernel.telemetry import forwarding
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.location import Workspace


class StoreExporter(SpanExporter):
    """Writes finished spans to a :class:`SpanStore` and wakes the process that sends them on, where one is wanted.

    The first write of a process also expires old ones.
    """

    def __init__(self, store: SpanStore, workspace: Workspace) -> None:
        self._store = store
        self._workspace = workspace
        self._expired = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write ``spans``. A store that cannot be written loses them silently: measuring must not disturb the work."""
        records = [_record(span) for span in spans]
        try:
            self._store.add(records)
            if not self._expired:
                self._expired = True
                self._store.expire()
        except (sqlite3.Error, OSError):
            return SpanExportResult.FAILURE
        forwarding.wake(self._workspace, records)
        return SpanExportResult.SUCCESS


def _record(span: ReadableSpan) -> SpanRecord:
    ids = span.get_span_context()
    failed = span.status.status_code is StatusCode.ERROR
    attributes = {
        key: list(value) if isinstance(value, tuple) else value for key, value in (span.attributes or {}).items()
    }
    return SpanRecord(
        trace_id=f"{ids.trace_id:032x}" if ids else "",
        span_id=f"{ids.span_id:016x}" if ids else "",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else None,
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        error=(span.status.description or "error") if failed else None,
        attributes=attributes,
    )
