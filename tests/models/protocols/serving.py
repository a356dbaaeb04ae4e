"""What the stand-ins need of HTTP: routes, JSON, chunked streams, a key, and a log of the requests."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


class Handler(BaseHTTPRequestHandler):
    """One request; a stand-in defines `route`."""

    protocol_version = "HTTP/1.1"
    options: ClassVar[argparse.Namespace]

    def route(self, path: str, body: dict[str, Any]) -> None:
        """Answer one request."""
        raise NotImplementedError

    def json(self, status: int, document: Any, **headers: str) -> None:
        """A whole JSON reply."""
        self.whole(status, "application/json", json.dumps(document), **headers)

    def whole(self, status: int, kind: str, text: str, **headers: str) -> None:
        """A whole reply."""
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, kind: str, parts: Iterable[str]) -> None:
        """A chunked reply; a part of None cuts the connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            data = part.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """End the connection at once."""
        self.close_connection = True
        raise ConnectionAbortedError

    def key(self) -> str:
        """The key that came with the request."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(data)
        except ValueError:
            body = {"raw": data.decode()}
        if self.options.log:
            with Path(self.options.log).open("a") as file:
                file.write(json.dumps({"path": self.path, "body": body}) + "\n")
        self._answer(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, body: dict[str, Any]) -> None:
        try:
            self.route(self.path.partition("?")[0], body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True


def serve(handler: type[Handler]) -> None:
    """Listen on a free port of loopback, print it, and answer until killed.

    ``--key`` demands that key, ``--log`` names a file for the bodies of requests, ``--flag`` turns a behaviour on.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", default="")
    parser.add_argument("--log", default="")
    parser.add_argument("--flag", action="append", default=[])
    handler.options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
