"""A model server that fails in every way in turn; run as a process: ``-m tests.models.faulty_server MODE [LOG]``.

It prints its port, and answers OpenAI's chat. Modes: ``well`` answers each prompt with the JSON that it asks for,
``faulty`` never does (it plays `FAULTS` in turn), ``cloud`` writes a line to the file LOG for each connection, and
answers.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

from tests.models.framings import FRAMINGS
from tests.models.scripted_server import play, read_request

_CHUNKED, _LENGTH, _CLOSE = (FRAMINGS[f"openai-compatible, {how}"] for how in ("chunked", "length", "close"))


def _refusal(status: str, body: str, kind: str = "application/json", *headers: str) -> list[dict[str, Any]]:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return [{"send": "\r\n".join(head) + "\r\n\r\n" + body}]


def _error(status: str, *headers: str, **detail: Any) -> list[dict[str, Any]]:
    return _refusal(status, json.dumps({"error": detail}), "application/json", *headers)


WRONG = '{"n": "not a number"}'
BEGUN = '{"n": 1'
FAULTS: dict[str, list[dict[str, Any]]] = {
    "429": _error("429 Too Many Requests", "Retry-After: 0", message="slow down"),
    "429 for an hour": _error("429 Too Many Requests", "Retry-After: 3600", message="quota"),
    "500": _error("500 Internal Server Error", message="out of memory"),
    "503": _refusal("503 Service Unavailable", "loading", "text/plain"),
    "401": _error("401 Unauthorized", message="no such key"),
    "404": _error("404 Not Found", message="no such model"),
    "overflow": _error("400 Bad Request", message="too long", type="exceed_context_size_error"),
    "HTML": _refusal("200 OK", "<html>Sign in</html>", "text/html"),
    "no HTTP": [{"send": "SSH-2.0-OpenSSH_9.2\r\n"}],
    "nothing": [],
    "reset": [{"reset": True}],
    "cut before the first": _CLOSE.begun(),
    "cut, chunked": _CHUNKED.begun(BEGUN),
    "cut, length": _LENGTH.begun(BEGUN),
    "cut, close": _CLOSE.begun(BEGUN),
    "reset in the middle": [*_CHUNKED.begun(BEGUN), {"reset": True}],
    "error in the middle": [*_CHUNKED.begun(BEGUN), *_CHUNKED.frames([_CHUNKED.broken])],
    "garbage": [*_CHUNKED.begun(), *_CHUNKED.frames(["data: {not json\n\n"])],
    "wrong schema": _CHUNKED.whole(WRONG),
    "no JSON": _CHUNKED.whole("I cannot do that."),
    "hang": [{"sleep": 600}],
    "drip": [*_CHUNKED.begun(BEGUN), _CHUNKED.drip(_CHUNKED.alive, 0.2)],
}


def main() -> None:
    """Listen on a free port of loopback and answer until killed."""
    mode = sys.argv[1]
    faults = itertools.cycle(FAULTS)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            if mode == "cloud":
                with Path(sys.argv[2]).open("a") as log:
                    log.write("asked\n")
            script = FAULTS[next(faults)] if mode == "faulty" else None
            threading.Thread(target=_answer, args=(connection, script), daemon=True).start()


def _answer(connection: socket.socket, script: list[dict[str, Any]] | None) -> None:
    with connection:
        try:
            request = read_request(connection)
            for step in script if script is not None else _right(request):
                if "reset" in step:
                    # Lingering for no time makes the system send a reset instead of an end.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                play(connection, step, request)
        except OSError:
            return


def _right(request: bytes) -> list[dict[str, Any]]:
    asked = json.loads(request.partition(b"\r\n\r\n")[2])["messages"][-1]["content"]
    number = re.search(r"\d+", asked)
    assert number is not None
    return _CHUNKED.whole('{"n": ', number[0], "}")


if __name__ == "__main__":
    main()
