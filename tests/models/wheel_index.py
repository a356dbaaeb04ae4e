"""A package index of one wheel: ``wheel_index.py WHEEL LOG [TRAIT …]``.

It understands ranges (RFC 9110, section 14), and writes a line to LOG for each transfer: the first byte that was sent.
Traits: ``cut`` breaks the first transfer off half-way; ``slow`` takes ten seconds; ``json`` gives the project's page as
JSON; ``no-ranges`` sends the whole file always; ``blind`` sends the range that is asked for whatever If-Range says;
``nameless`` sends neither ETag nor date; ``short`` ends each transfer one byte too early; ``closed`` wants a password;
``odd`` sends an ETag and a size that no client can use; ``nowhere`` gives an address that is none.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WHEEL, LOG = (Path(argument) for argument in sys.argv[1:3])
TRAITS = frozenset(sys.argv[3:])
DATA = WHEEL.read_bytes()
STEP = 1 << 14
DIGEST = hashlib.sha256(DATA).hexdigest()


class Index(BaseHTTPRequestHandler):
    """The page of the project, and the file."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "closed" in TRAITS:
            self._send(401, b"", {})
            return
        if not self.path.endswith(".whl"):
            self._page()
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, f'"{DIGEST}"') or "blind" in TRAITS
        first = int(asked[1]) if asked and same and "no-ranges" not in TRAITS else 0
        is_first_time = not LOG.exists()
        with LOG.open("a") as log:
            log.write(f"{first}\n")
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if "nameless" not in TRAITS:
            headers["ETag"] = f'"{DIGEST}{"é" if "odd" in TRAITS else ""}"'
        if first:
            size = "9" * 5000 if "odd" in TRAITS else len(DATA)
            headers["Content-Range"] = f"bytes {first}-{len(DATA) - 1}/{size}"
        self._send(206 if first else 200, DATA[first:], headers, half=is_first_time and "cut" in TRAITS)

    def _page(self) -> None:
        if "nowhere" in TRAITS:
            self._send(200, f'<a href="http://[#sha256={DIGEST}">x</a>'.encode(), {"Content-Type": "text/html"})
            return
        if "json" in TRAITS:
            file = {"filename": WHEEL.name, "url": f"../../{WHEEL.name}", "hashes": {"sha256": DIGEST}}
            page = {"meta": {"api-version": "1.0"}, "name": "tiny-model", "files": [file]}
            self._send(200, json.dumps(page).encode(), {"Content-Type": "application/vnd.pypi.simple.v1+json"})
            return
        page = f'<!DOCTYPE html><html><body><a href="/{WHEEL.name}#sha256={DIGEST}">{WHEEL.name}</a></body></html>'
        self._send(200, page.encode(), {"Content-Type": "text/html"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, half: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        is_file = headers.get("Content-Type") == "application/octet-stream"
        body = body[: len(body) // 2] if half else body
        body = body[:-1] if is_file and "short" in TRAITS else body
        for start in range(0, len(body), STEP):
            self.wfile.write(body[start : start + STEP])
            if is_file and "slow" in TRAITS:
                time.sleep(10 * STEP / len(DATA))
        self.close_connection = half or "short" in TRAITS

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Index)
    print(server.server_address[1], flush=True)
    server.serve_forever()
