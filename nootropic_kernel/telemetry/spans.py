"""Spans: ``with span(workspace, "chat", {...}) as current`` measures a piece of work and keeps it in the workspace.

They are OpenTelemetry spans, made by a provider of our own: a notebook's own tracing is neither used nor changed, and
nothing is sent anywhere. The SDK is imported at the first span.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nootropic_kernel.telemetry.semconv import ERROR_TYPE
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.location import Workspace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

FLUSH_DEADLINE_S = 2.0
_TEXT_LIMIT = 4000
_BATCH_EVERY_MS = 500


@dataclass(frozen=True)
class CurrentSpan:
    """The span that a piece of work runs in; ids are hex, and empty when nothing is recorded."""

    trace_id: str
    span_id: str
    _span: Span | None = None
    _folder: Path | None = None

    def set(self, name: str, value: Any) -> None:
        """Note an attribute; None is left out, long texts are cut, other objects become text."""
        if self._span is not None and value is not None:
            self._span.set_attribute(name, _plain(value))


_NOTHING = CurrentSpan("", "")
_current: ContextVar[CurrentSpan] = ContextVar("nootropic_span", default=_NOTHING)
_providers: dict[Path, TracerProvider] = {}
_guard = threading.Lock()


@contextmanager
def span(workspace: Workspace | None, name: str, attributes: Mapping[str, Any] | None = None) -> Iterator[CurrentSpan]:
    """Measure the block as a span under the current one.

    :param workspace: where it is kept; None means where the current span is, and nothing is recorded without one.
    An exception that leaves the block is noted as its type and code, not its text, and goes on.
    """
    parent = _current.get()
    folder = workspace.state_dir if workspace is not None else parent._folder
    if folder is None:
        yield _NOTHING
        return
    opened = _start(folder, name, parent if parent._folder == folder else _NOTHING)
    for key, value in (attributes or {}).items():
        opened.set(key, value)
    token = _current.set(opened)
    try:
        yield opened
    except BaseException as error:
        _note_failure(opened, error)
        raise
    finally:
        _current.reset(token)
        if opened._span is not None:
            opened._span.end()


def current_span() -> CurrentSpan:
    """The span that this thread or task is in."""
    return _current.get()


def read_trace(workspace: Workspace, trace_id: str) -> list[SpanRecord]:
    """The finished spans of a trace in order of their start, what this process has not written yet included."""
    flush()
    return SpanStore(workspace.state_dir / "spans.db").trace(trace_id)


def flush(deadline_s: float = FLUSH_DEADLINE_S) -> bool:
    """Write what is waiting; False when that was not done within the deadline.

    The SDK's own flush can overrun its time limit, so it runs in a thread that we stop waiting for.
    """
    with _guard:
        providers = list(_providers.values())
    worker = threading.Thread(target=lambda: [provider.force_flush() for provider in providers], daemon=True)
    worker.start()
    worker.join(deadline_s)
    return not worker.is_alive()


def _start(folder: Path, name: str, parent: CurrentSpan) -> CurrentSpan:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, set_span_in_context

    # An own, empty context: a span that is open in the person's own code must not become the parent of ours.
    context = set_span_in_context(parent._span, Context()) if parent._span is not None else Context()
    started = _provider(folder).get_tracer("nootropic").start_span(name, context=context, kind=SpanKind.INTERNAL)
    ids = started.get_span_context()
    if not ids.is_valid:  # OTEL_SDK_DISABLED
        return CurrentSpan("", "", None, folder)
    return CurrentSpan(f"{ids.trace_id:032x}", f"{ids.span_id:016x}", started, folder)


def _provider(folder: Path) -> TracerProvider:
    with _guard:
        if folder not in _providers:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON

            from nootropic_kernel.telemetry.exporter import StoreExporter

            provider = TracerProvider(
                sampler=ALWAYS_ON, resource=Resource({"service.name": "nootropic"}), shutdown_on_exit=False
            )
            exporter = StoreExporter(SpanStore(folder / "spans.db"))
            provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_BATCH_EVERY_MS))
            if not _providers:
                atexit.register(flush)
            _providers[folder] = provider
        return _providers[folder]


def _note_failure(opened: CurrentSpan, error: BaseException) -> None:
    if opened._span is None:
        return
    from opentelemetry.trace import Status, StatusCode

    # The text of an error may quote a prompt or a file, so only its kind is kept.
    kind = str(getattr(error, "code", "") or type(error).__name__)
    opened.set(ERROR_TYPE, kind)
    opened._span.set_status(Status(StatusCode.ERROR, kind))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [str(item)[:_TEXT_LIMIT] for item in value]
    return str(value)[:_TEXT_LIMIT]


def _after_fork() -> None:
    # The parent's providers have threads that this process lacks, and what waits in them is the parent's to write.
    global _guard
    _guard = threading.Lock()
    _providers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
