"""A package index of one wheel, whose first transfer breaks off half-way: ``wheel_index.py WHEEL LOG``.

It understands ranges (RFC 9110, section 14), and writes a line to LOG for each transfer: the first byte that was sent.
"""

from __future__ import annotations

import hashlib
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WHEEL, LOG = (Path(argument) for argument in sys.argv[1:3])
DATA = WHEEL.read_bytes()
DIGEST = hashlib.sha256(DATA).hexdigest()


class Index(BaseHTTPRequestHandler):
    """The page of the project, and the file."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.path.endswith(".whl"):
            page = f'<!DOCTYPE html><html><body><a href="/{WHEEL.name}#sha256={DIGEST}">{WHEEL.name}</a></body></html>'
            self._send(200, page.encode(), {"Content-Type": "text/html"})
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        is_first_time = not LOG.exists()
        with LOG.open("a") as log:
            log.write(f"{first}\n")
        headers = {"Content-Type": "application/octet-stream", "ETag": f'"{DIGEST}"', "Accept-Ranges": "bytes"}
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(DATA) - 1}/{len(DATA)}"
        self._send(206 if first else 200, DATA[first:], headers, half=is_first_time)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, half: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection = half

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    print(server.server_address[1], flush=True)
    server.serve_forever()
