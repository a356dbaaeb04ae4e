"""Spans: ``with span(workspace, "chat", {...}) as current`` measures a piece of work and keeps it in the workspace.

They are OpenTelemetry spans, made by a provider of our own: a notebook's own tracing is neither used nor changed. They
are written to the workspace by a thread, and sent nowhere from here: what a person wants sent, another process reads
from there (see :mod:`nootropic_kernel.telemetry.forwarding`). The SDK is imported at the first span.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nootropic_kernel.telemetry.semconv import ERROR_TYPE, PLAN, TASK, TEXT_LEVEL
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.measuring import Measuring
from nootropic_kernel.workspace.settings import load_settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

FLUSH_DEADLINE_S = 2.0
_TEXT_LIMIT = 4000
_BATCH_EVERY_MS = 500
# What a span says of the work that it is part of holds for the spans below it too.
_INHERITED = (PLAN, TASK)


@dataclass(frozen=True)
class CurrentSpan:
    """The span that a piece of work runs in; ids are hex, and empty when nothing is recorded."""

    trace_id: str
    span_id: str
    workspace: Workspace | None = None
    _span: Span | None = None
    _began_ns: int = field(default_factory=time.perf_counter_ns)
    _work: dict[str, str] = field(default_factory=dict)

    def set(self, name: str, value: Any) -> None:
        """Note an attribute; None is left out, long texts are cut, other objects become text."""
        if value is None or self.workspace is None:
            return
        if name in _INHERITED:
            self._work[name] = str(value)
        if self._span is not None:
            self._span.set_attribute(name, _plain(value))

    def set_messages(self, name: str, messages: str, level: str) -> None:
        """Note what was said, whole: ``messages`` as :mod:`nootropic_kernel.telemetry.texts` makes them.

        :param level: how far they may go, as the person settled it when they were said.
        """
        if self._span is not None and level != "off":
            self._span.set_attribute(name, messages)
            self._span.set_attribute(TEXT_LEVEL, level)

    def work(self, name: str) -> str:
        """The plan or task that this span is part of; empty when it is part of none."""
        return self._work.get(name, "")

    def measuring(self) -> Measuring:
        """What the person settled about measuring, read now: a change of it holds from the next call on."""
        return load_settings(self.workspace).measuring

    def _end(self) -> None:
        if self._span is not None:
            # By a clock that never steps back, so that no span ends before it began.
            start: int = getattr(self._span, "start_time", None) or time.time_ns()
            self._span.end(start + time.perf_counter_ns() - self._began_ns)


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
    where = workspace or parent.workspace
    if where is None:
        yield _NOTHING
        return
    same = parent.workspace is not None and parent.workspace.state_dir == where.state_dir
    opened = _start(where, name, parent if same else _NOTHING)
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
        opened._end()


def current_span() -> CurrentSpan:
    """The span that this thread or task is in."""
    return _current.get()


def read_trace(workspace: Workspace, trace_id: str) -> list[SpanRecord]:
    """The finished spans of a trace in order of their start, what this process has not written yet included."""
    flush()
    return span_store(workspace).trace(trace_id)


def span_store(workspace: Workspace) -> SpanStore:
    """Where the workspace's finished spans are; :func:`flush` first where those of this moment count."""
    return SpanStore(workspace.state_dir / "spans.db")


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


def _start(workspace: Workspace, name: str, parent: CurrentSpan) -> CurrentSpan:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, set_span_in_context

    # An own, empty context: a span that is open in the person's own code must not become the parent of ours.
    context = set_span_in_context(parent._span, Context()) if parent._span is not None else Context()
    started = _provider(workspace).get_tracer("nootropic").start_span(name, context=context, kind=SpanKind.INTERNAL)
    ids = started.get_span_context()
    if not ids.is_valid:  # OTEL_SDK_DISABLED
        return CurrentSpan("", "", workspace, _work=dict(parent._work))
    return CurrentSpan(f"{ids.trace_id:032x}", f"{ids.span_id:016x}", workspace, started, _work=dict(parent._work))


def _provider(workspace: Workspace) -> TracerProvider:
    folder = workspace.state_dir
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
            exporter = StoreExporter(span_store(workspace), workspace)
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
