"""A model server of the OpenAI protocol that says what a test wrote down; a process of its own.

Run as ``scripted_model.py ANSWERS.json LOG``: each chat gets the next answer (the last one again and again), each
request body becomes one line of LOG. An answer is a text, or ``{"text": …, "finish_reason": …}`` with the seconds to
``sleep`` before it or to ``stall`` after it, or ``until`` with the file to wait for; or ``{"status": 500}``, or
``{"cut": text}`` for a stream that ends in the middle, or ``{"parts": […]}`` of texts that each may wait ``until``.
With ``steady`` as third word the same request gets the same answer, as from a model at temperature 0, and only a new
one the next.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class ScriptedModel:
    """The running server, as a test sees it."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the chats so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def prompts(self) -> list[str]:
        """The text of each chat's messages."""
        return ["\n\n".join(message["content"] for message in body["messages"]) for body in self.requests()]


@contextmanager
def scripted_model(
    folder: Path, person_home: Path, answers: list[Any], *, steady: bool = False
) -> Iterator[ScriptedModel]:
    """Start the server and name it in the person's settings as the backend to prefer."""
    script, log = folder / "answers.json", folder / "requests.log"
    script.write_text(json.dumps(answers))
    command = [sys.executable, __file__, str(script), str(log), *(["steady"] if steady else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        person_home.mkdir(parents=True, exist_ok=True)
        settings = {"backends": {"mine": {"url": url, "model": "scripted"}}, "modelPreference": ["mine"]}
        (person_home / "config.json").write_text(json.dumps(settings))
        yield ScriptedModel(url, log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def serve(script: Path, log: Path, steady: bool) -> None:
    """Listen on a free port of loopback, print it, and answer until killed."""
    answers = json.loads(script.read_text())
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            with log.open("a") as file:
                file.write(body + "\n")
            if not (steady and body in told):
                told.append(body)
            answer = answers[min(told.index(body) if steady else len(told) - 1, len(answers) - 1)]
            answer = {"text": answer} if isinstance(answer, str) else answer
            time.sleep(answer.get("sleep", 0))
            while "until" in answer and not Path(answer["until"]).exists():
                time.sleep(0.05)
            self.send_response(answer.get("status", 200))
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if "status" in answer:
                return
            if "cut" in answer:
                event = {"model": "scripted-1", "choices": [{"delta": {"content": answer["cut"]}}]}
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                return
            for part in answer.get("parts", ()):
                while "until" in part and not Path(part["until"]).exists():
                    time.sleep(0.05)
                event = {"model": "scripted-1", "choices": [{"delta": {"content": part["text"]}}]}
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            text = answer.get("text", "")
            for delta, reason in (({"content": text}, None), ({}, answer.get("finish_reason", "stop"))):
                event = {"model": "scripted-1", "choices": [{"delta": delta, "finish_reason": reason}]}
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                time.sleep(0 if reason else answer.get("stall", 0))
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] == ["steady"])
