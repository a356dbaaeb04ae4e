"""A backend that begins an answer and goes no further, and how the person's settings name backends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STREAM = {"head": "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"}


def begun(*pieces: str) -> list[dict[str, Any]]:
    """The script of a server that streams these pieces and then closes the connection."""
    return [STREAM, *({"event": {"choices": [{"delta": {"content": piece}}]}} for piece in pieces)]


def name_backends(person_home: Path, **urls: str) -> None:
    """Name these backends in the person's settings, in this order."""
    person_home.mkdir(parents=True, exist_ok=True)
    backends = {name: {"url": url, "model": "tiny"} for name, url in urls.items()}
    (person_home / "config.json").write_text(json.dumps({"backends": backends, "modelPreference": list(backends)}))
