"""A raw HTTP server that answers each connection by a script; run as a process: ``scripted_server.py JSON``.

Steps of a script: ``{"head": "HTTP/1.1 200 OK\\r\\n…"}``, ``{"send": text}``, ``{"chunk": text}`` (chunked encoding),
``{"event": object}`` (one SSE event, as a chunk), ``{"repeat": text, "size": k, "times": n}`` (n chunks, each k times
the text), ``{"drip": text, "every": s}``, ``{"sleep": s}``, ``{"echo": true}`` (an event with the request's headers and
body), ``{"end": true}`` (last chunk).
The connection closes after the last step.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any


def main() -> None:
    """Listen on a free port of loopback, print it, and answer until killed."""
    script = json.loads(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection, script), daemon=True).start()


def answer(connection: socket.socket, script: list[dict[str, Any]]) -> None:
    """Read one request and play the script."""
    with connection:
        request = read_request(connection)
        try:
            for step in script:
                play(connection, step, request)
        except OSError:
            return


def read_request(connection: socket.socket) -> bytes:
    """The whole request: head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].split(b":")[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def play(connection: socket.socket, step: dict[str, Any], request: bytes) -> None:
    """Do one step of the script."""
    if "head" in step:
        connection.sendall(step["head"].encode())
    elif "send" in step:
        connection.sendall(step["send"].encode())
    elif "chunk" in step:
        send_chunk(connection, step["chunk"])
    elif "event" in step:
        send_chunk(connection, f"data: {json.dumps(step['event'])}\n\n")
    elif "echo" in step:
        event = {"choices": [{"delta": {"content": request.decode()}, "finish_reason": "stop"}]}
        send_chunk(connection, f"data: {json.dumps(event)}\n\n")
    elif "repeat" in step:
        for _ in range(step["times"]):
            send_chunk(connection, step["repeat"] * step["size"])
    elif "drip" in step:
        while True:
            send_chunk(connection, step["drip"])
            time.sleep(step["every"])
    elif "sleep" in step:
        time.sleep(step["sleep"])
    elif "end" in step:
        connection.sendall(b"0\r\n\r\n")


def send_chunk(connection: socket.socket, text: str) -> None:
    """Send ``text`` as one chunk of a chunked body."""
    data = text.encode()
    connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


if __name__ == "__main__":
    main()
