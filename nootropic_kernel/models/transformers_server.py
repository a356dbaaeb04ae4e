"""The HTTP side of the transformers engine: the part of llama.cpp server's protocol that our client of it uses."""

from __future__ import annotations

import hmac
import json
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from nootropic_kernel.models.transformers_engine import Piece, Refused, TransformersEngine

_MOST_BYTES = 64 << 20


def listen(engine: TransformersEngine, key: str) -> int:
    """Serve ``engine`` on a free loopback port to whoever has ``key``; returns the port."""
    handler = type("Handler", (_Handler,), {"engine": engine, "key": key})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    engine: ClassVar[TransformersEngine]
    key: ClassVar[str]
    timeout = 60

    def do_GET(self) -> None:
        engine = self.engine
        documents: dict[str, dict[str, Any]] = {
            "/health": {"status": "ok"},
            "/v1/models": {"data": [{"id": engine.alias, "object": "model"}]},
            "/props": {
                "build_info": f"transformers {_version()}",
                "default_generation_settings": {"n_ctx": engine.window},
            },
        }
        if not self._allowed():
            return
        found = documents.get(self.path)
        self._send(200, found) if found is not None else self._fail(404, "not_found_error", "There is no such page.")

    def do_POST(self) -> None:
        pages = {
            "/apply-template": self._template,
            "/tokenize": self._tokenize,
            "/v1/embeddings": self._embed,
            "/v1/chat/completions": self._chat,
        }
        page = pages.get(self.path)
        if not self._allowed():
            return
        if page is None:
            return self._fail(404, "not_found_error", "There is no such page.")
        try:
            size = int(self.headers.get("Content-Length") or 0)
            if size > _MOST_BYTES:
                return self._fail(413, "invalid_request_error", "The request is too long.")
            page(json.loads(self.rfile.read(size)))
        except Refused as error:
            self._send(int(error.document["code"]), {"error": error.document})
        except (KeyError, TypeError, ValueError) as error:
            self._fail(400, "invalid_request_error", f"{type(error).__name__}: {error}")
        except (BrokenPipeError, ConnectionResetError):
            pass  # The client stopped listening; so does the engine.

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: a path or a header may say what the person does."""

    def _template(self, body: dict[str, Any]) -> None:
        self._send(200, {"prompt": self.engine.prompt(body["messages"])})

    def _tokenize(self, body: dict[str, Any]) -> None:
        self._send(200, {"tokens": self.engine.tokens(body["content"], special=bool(body.get("parse_special")))})

    def _embed(self, body: dict[str, Any]) -> None:
        vectors, read = self.engine.embed(body["input"])
        rows = [{"index": number, "embedding": vector} for number, vector in enumerate(vectors)]
        self._send(200, {"model": self.engine.alias, "data": rows, "usage": {"prompt_tokens": read}})

    def _chat(self, body: dict[str, Any]) -> None:
        read, pieces = self.engine.answer(body, self._gone)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self._stream(read, pieces)
        except RuntimeError as error:  # torch's errors, want of memory included
            self._event({"error": {"code": 500, "type": "server_error", "message": str(error)[:500]}})

    def _stream(self, read: int, pieces: Iterator[Piece]) -> None:
        for piece in pieces:
            choice = {"index": 0, "delta": {"content": piece.text}, "finish_reason": piece.finish_reason}
            self._event({"model": self.engine.alias, "choices": [choice]})
            if piece.finish_reason is not None:
                usage = {"prompt_tokens": read, "completion_tokens": piece.tokens}
                self._event({"model": self.engine.alias, "choices": [], "usage": usage})
                self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, document: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(document).encode() + b"\n\n")
        self.wfile.flush()

    def _gone(self) -> bool:
        """Whether the client has closed the connection."""
        looking = select.poll()
        looking.register(self.connection, select.POLLIN)
        try:
            return bool(looking.poll(0)) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            return True
        self._fail(401, "authentication_error", "The key is wrong.")
        return False

    def _fail(self, status: int, kind: str, message: str) -> None:
        self._send(status, {"error": {"code": status, "type": kind, "message": message}})

    def _send(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _version() -> str:
    import transformers

    return str(transformers.__version__)
