"""Prometheus metrics of a workspace's model calls, on a port of this machine and only when asked for.

What is counted are the spans that the workspace keeps, so the calls of every process are in it: kernels, command
lines, pipelines. Counting begins when the port opens. Labels are few and have few values; nothing that was said is one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.calls import calls_in_flight
from nootropic_kernel.telemetry.spans import flush, span_store
from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.loopback import names_address

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.registry import Collector, CollectorRegistry

USUAL_PORT = 9464
HOST = "127.0.0.1"
_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0)
_FLUSH_S = 0.5


class PortTaken(NootropicError):
    """The port for the metrics cannot be opened."""


class MetricsServer:
    """The open port; :meth:`close` closes it. ``url`` is where Prometheus reads."""

    def __init__(self, workspace: Workspace, port: int = USUAL_PORT) -> None:
        """Open the port on this machine; 0 takes a free one.

        :raises PortTaken: when it cannot be opened.
        """
        from prometheus_client import make_wsgi_app
        from prometheus_client.exposition import ThreadingWSGIServer

        answer = _addressed(make_wsgi_app(registry(workspace)))
        try:
            self._server = make_server(HOST, port, answer, ThreadingWSGIServer, handler_class=_Silent)
        except OSError as error:
            raise PortTaken(
                f"The port {port} for metrics cannot be opened.",
                why=error.strerror or str(error),
                next="Close what uses it, or choose another (telemetry.metricsPort in your settings, or --metrics).",
                port=port,
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="nootropic-metrics", daemon=True)
        self._thread.start()
        self.asked_for = port
        self.url = f"http://{HOST}:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of a request: the person's terminal is not a log."""


def _addressed(app: WSGIApplication) -> WSGIApplication:
    """``app`` for those who ask this machine by its address: a web page can re-bind a name of its own to it."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if names_address(environ.get("HTTP_HOST", "")):
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"This server is not called that. Use its address, {HOST}.\n".encode()]

    return answer


_open: MetricsServer | None = None
_refused: int | None = None


def serve_as_settled(workspace: Workspace, port: int | None) -> str:
    """See to it that this process serves metrics on the port that the person settled, or on none.

    The first workspace that a process asks for is the one that is counted.

    :returns: what there is to tell the person, once: why the port cannot be opened.
    """
    global _open, _refused
    if _open is not None and _open.asked_for != port:
        _open.close()
        _open = None
    if port is None or _open is not None or port == _refused:
        return ""
    try:
        _open = MetricsServer(workspace, port)
    except PortTaken as problem:
        # Another kernel may have it: in the same workspace, that one counts the calls of this one too.
        _refused = port
        return str(problem)
    return ""


def registry(workspace: Workspace) -> CollectorRegistry:
    """A registry of its own that counts this workspace's calls: what the person's own code registers is not touched."""
    from prometheus_client import CollectorRegistry

    found = CollectorRegistry(auto_describe=False)
    found.register(_collector(workspace))
    return found


def _collector(workspace: Workspace) -> Collector:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.registry import Collector

    class Calls(Collector):
        """Reads the spans that are new since the last look, and counts them."""

        def __init__(self) -> None:
            own = self._registry = CollectorRegistry()
            by = ("backend", "model")
            self._calls = Counter("nootropic_model_calls", "Model calls that ended.", by, registry=own)
            self._errors = Counter("nootropic_model_errors", "Failed calls by kind.", (*by, "kind"), registry=own)
            self._tokens = Counter("nootropic_model_tokens", "Tokens by kind.", (*by, "kind"), registry=own)
            self._hits = Counter("nootropic_cache_hits", "Calls that reused a cached prefix.", by, registry=own)
            self._cost = Counter("nootropic_cost_usd", "Known cost in USD.", by, registry=own)
            self._unknown = Counter("nootropic_cost_unknown", "Calls of unknown cost.", by, registry=own)
            self._cpu = Counter("nootropic_cpu_seconds", "CPU seconds of local models.", by, registry=own)
            self._took = Histogram(
                "nootropic_model_call_seconds", "Duration of calls.", by, registry=own, buckets=_SECONDS
            )
            self._first = Histogram(
                "nootropic_model_first_chunk_seconds", "Wait for the first piece.", by, registry=own, buckets=_SECONDS
            )
            waiting = Gauge("nootropic_calls_in_flight", "Calls that this process waits for.", registry=own)
            waiting.set_function(calls_in_flight)
            self._store = span_store(workspace)
            flush(_FLUSH_S)
            self._seq = self._store.last_seq()
            self._guard = threading.Lock()

        def collect(self) -> Iterator[Any]:
            flush(_FLUSH_S)
            with self._guard:
                while batch := self._store.since(self._seq):
                    self._seq = batch[-1][0]
                    for _, record in batch:
                        if semconv.OPERATION in record.attributes:
                            self._count(record)
                yield from self._registry.collect()

        def _count(self, record: SpanRecord) -> None:
            told = record.attributes
            labels = (str(told.get(semconv.BACKEND, "")), str(told.get(semconv.REQUEST_MODEL, "")))
            self._calls.labels(*labels).inc()
            self._took.labels(*labels).observe(max(0.0, record.duration_s))
            if record.error is not None:
                self._errors.labels(*labels, record.error).inc()
            if (first := told.get(semconv.RESPONSE_FIRST_CHUNK_S)) is not None:
                self._first.labels(*labels).observe(first)
            for kind, name in (
                ("input", semconv.INPUT_TOKENS),
                ("output", semconv.OUTPUT_TOKENS),
                ("cached", semconv.CACHED_TOKENS),
            ):
                self._tokens.labels(*labels, kind).inc(told.get(name) or 0)
            if told.get(semconv.CACHED_TOKENS):
                self._hits.labels(*labels).inc()
            if (usd := told.get(semconv.COST_USD)) is not None:
                self._cost.labels(*labels).inc(usd)
            else:
                self._unknown.labels(*labels).inc()
            self._cpu.labels(*labels).inc(told.get(semconv.CPU_S) or 0)

    return Calls()
