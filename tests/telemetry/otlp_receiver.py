"""An OTLP receiver over HTTP and protobuf; a process of its own, which shares no code with what sends.

Run as ``otlp_receiver.py LOG MODE PORT``: each span that arrives becomes one line of LOG. MODE is a file, read for each
request, that says how to answer: ``ok``, a status such as ``500``, ``hang`` (never), or ``redirect URL``.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class OtlpReceiver:
    """The running receiver, as a test sees it."""

    def __init__(self, port: int, log: Path, mode: Path) -> None:
        self.url = f"http://127.0.0.1:{port}/v1/traces"
        self.port = port
        self._log = log
        self._mode = mode

    def answer(self, mode: str) -> None:
        """How to answer from now on."""
        draft = self._mode.with_suffix(".new")
        draft.write_text(mode)
        draft.replace(self._mode)

    def lines(self) -> list[dict[str, Any]]:
        """What arrived: spans, and requests that were not answered with success."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def spans(self) -> list[dict[str, Any]]:
        """The spans that were taken."""
        return [line for line in self.lines() if "name" in line]

    def wait_for(self, count: int, seconds: float = 90.0) -> list[dict[str, Any]]:
        """The spans, once there are so many different ones."""
        deadline = time.monotonic() + seconds
        while len({span["span_id"] for span in self.spans()}) < count:
            assert time.monotonic() < deadline, f"only {len(self.spans())} of {count} spans arrived"
            time.sleep(0.1)
        return self.spans()


@contextmanager
def otlp_receiver(folder: Path, mode: str = "ok", port: int = 0) -> Iterator[OtlpReceiver]:
    """Start the receiver on a free port (or the one given) of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    log, mode_file = folder / "received.log", folder / "mode"
    mode_file.write_text(mode)
    command = [sys.executable, __file__, str(log), str(mode_file), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield OtlpReceiver(int(process.stdout.readline()), log, mode_file)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def serve(log: Path, mode_file: Path, port: int) -> None:
    """Listen, print the port, and answer until killed."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mode = mode_file.read_text()
            if mode == "hang":
                note({"hanging": True})
                time.sleep(3600)
            if mode.startswith("redirect "):
                note({"redirected": True})
                self.answer(307, mode.split()[1])
            elif mode != "ok":
                note({"status": int(mode)})
                self.answer(int(mode))
            else:
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                take(body, self.headers)
                self.answer(200)

        def answer(self, status: int, location: str | None = None) -> None:
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    def note(line: dict[str, Any]) -> None:
        with log.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def take(body: bytes, headers: Message) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    note(
                        {
                            "name": span.name,
                            "trace_id": span.trace_id.hex(),
                            "span_id": span.span_id.hex(),
                            "parent_id": span.parent_span_id.hex() or None,
                            "start_ns": span.start_time_unix_nano,
                            "end_ns": span.end_time_unix_nano,
                            "error": span.status.message if span.status.code == 2 else None,
                            "attributes": {a.key: value(a.value) for a in span.attributes},
                            "service": service.get("service.name"),
                            "content_type": headers.get("Content-Type"),
                            "authorization": headers.get("Authorization"),
                        }
                    )

    def value(any_value: Any) -> Any:
        kind = any_value.WhichOneof("value")
        if kind == "array_value":
            return [value(item) for item in any_value.array_value.values]
        return getattr(any_value, kind)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
