"""A raw HTTP server that answers each connection by a script; run as a process: ``scripted_server.py JSON``.

Steps of a script: ``{"head": "HTTP/1.1 200 OK\\r\\n…"}``, ``{"send": text}``, ``{"chunk": text}`` (chunked encoding),
``{"event": object}`` (one SSE event, as a chunk), ``{"repeat": text, "size": k, "times": n}`` (n chunks, each k times
the text), ``{"drip": text, "every": s}`` (a chunk again and again), ``{"drip_raw": text, "every": s}`` (byte by byte),
``{"sleep": s}``, ``{"echo": true}`` (an event with the request's headers and body), ``{"end": true}`` (last chunk); and
for WebSockets ``{"accept": true}`` (the handshake), ``{"read": true}`` (wait for the client), ``{"message": text}``,
``{"drip_message": text, "every": s}``.
The connection closes after the last step. With a certificate and a key file as further arguments it speaks TLS.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import socket
import ssl
import struct
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


def secured(connection: socket.socket) -> socket.socket:
    """The connection, with TLS when a certificate was given."""
    if len(sys.argv) < 4:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    return context.wrap_socket(connection, server_side=True)


def answer(accepted: socket.socket, script: list[dict[str, Any]]) -> None:
    """Read one request and play the script."""
    try:
        connection = secured(accepted)
    except OSError:
        return
    with connection:
        try:
            request = read_request(connection)
            for step in script:
                play(connection, step, request)
        except OSError:
            return


def read_request(connection: socket.socket) -> bytes:
    """The whole request: head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (received := connection.recv(65536)):
            raise ConnectionAbortedError
        data += received
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
    elif "drip_raw" in step:
        for byte in itertools.cycle(step["drip_raw"].encode()):
            connection.sendall(bytes([byte]))
            time.sleep(step["every"])
    elif "accept" in step:
        accept_websocket(connection, request)
    elif "read" in step:
        connection.recv(65536)
    elif "message" in step:
        connection.sendall(websocket_frame(step["message"]))
    elif "drip_message" in step:
        while True:
            connection.sendall(websocket_frame(step["drip_message"]))
            time.sleep(step["every"])
    elif "sleep" in step:
        time.sleep(step["sleep"])
    elif "end" in step:
        connection.sendall(b"0\r\n\r\n")


def accept_websocket(connection: socket.socket, request: bytes) -> None:
    """Agree to speak WebSocket (RFC 6455, section 4.2.2)."""
    key = next(line.split(b":")[1].strip() for line in request.split(b"\r\n") if b"sec-websocket-key" in line.lower())
    digest = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    connection.sendall(f"{head}Sec-WebSocket-Accept: {digest}\r\n\r\n".encode())


def websocket_frame(text: str) -> bytes:
    """``text`` as one unmasked frame (section 5.2)."""
    data = text.encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7f" + struct.pack("!Q", len(data))
    return b"\x81" + size + data


def send_chunk(connection: socket.socket, text: str) -> None:
    """Send ``text`` as one chunk of a chunked body."""
    data = text.encode()
    connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


if __name__ == "__main__":
    main()
