"""The verbs as tools of the Model Context Protocol, plan and proposals as its resources:
``python -m nootropic_kernel.gateway.mcp_server``.

One JSON-RPC message a line on standard input and output. https://modelcontextprotocol.io/specification/2025-11-25

The few methods that such a server needs are written out here: the official SDK takes 0.5 s of CPU to import and
brings an HTTP stack, while this starts with the registry alone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import nootropic_kernel
from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.registry import Entry, load_registry
from nootropic_kernel.gateway.mcp_resources import TEMPLATES, NoSuchResource, Resources
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.plain_text import readable

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
ERROR_KEY = "nootropic/error"
_MOST_CALLS = 16
_PATIENCE_S = 2.0
# They propose, but by design write at once because a person named them: no agent may do that for one.
_WRITE_AT_ONCE = frozenset({"plan", "pipelines"})
_INSTRUCTIONS = (
    "Tools of a Nootropic workspace. They look, or propose changes; a proposal changes no file until the person "
    "reviews and accepts it. The plan and the open proposals are resources. "
    "Tell the person to run `noo review` after a tool made a proposal."
)
_NO_RESOURCE = -32002
_PARSE_ERROR, _INVALID_REQUEST, _UNKNOWN_METHOD, _INVALID_PARAMS, _INTERNAL, _BUSY = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
    -32000,
)


class RpcError(Exception):
    """A request that is refused as such; a tool that fails is an ordinary result with ``isError``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class McpServer:
    """Serves one client.

    :param send: writes one message to it.
    """

    def __init__(self, workspace: Workspace, send: Callable[[dict[str, Any]], None]) -> None:
        self._workspace = workspace
        self._send = send
        self._resources = Resources(workspace)
        self._running: dict[str | int, tuple[threading.Event, threading.Thread]] = {}
        self._guard = threading.Lock()

    def receive(self, line: str) -> None:
        """Take one line of the client and answer it; calls of tools are answered later."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._refuse(None, RpcError(_PARSE_ERROR, "This is not JSON."))
            return
        number = message.get("id") if isinstance(message, dict) else None
        if not isinstance(number, str | int | None) or isinstance(number, bool):
            number = None
        try:
            method, params = _read(message)
            if number is None:
                if method == "notifications/cancelled":
                    self._cancel(params.get("requestId"))
            elif method == "tools/call":
                self._start(number, params)
            else:
                self._answer(number, self._result(method, params))
        except RpcError as error:
            if number is not None or not isinstance(message, dict) or "method" not in message:
                self._refuse(number, error)
        except NootropicError as error:
            self._refuse(number, RpcError(_INTERNAL, str(error)))

    def close(self) -> None:
        """Stop what runs; what does not end soon is left."""
        with self._guard:
            running = list(self._running.values())
        for cancel, _ in running:
            cancel.set()
        for _, thread in running:
            thread.join(_PATIENCE_S / len(running))

    def tools(self) -> dict[str, Entry]:
        """The verbs that are offered, by name."""
        verbs = load_registry(self._workspace).verbs()
        return {
            verb: entry
            for verb, entry in sorted(verbs.items())
            if entry.effect in ("read", "propose") and verb not in _WRITE_AT_ONCE
        }

    def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {
                    "tools": {"listChanged": False},
                    "resources": {"subscribe": False, "listChanged": False},
                },
                "serverInfo": {
                    "name": "nootropic",
                    "title": "Nootropic",
                    "version": nootropic_kernel.__version__,
                },
                "instructions": _INSTRUCTIONS,
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [_tool(entry) for entry in self.tools().values()]}
        if method == "resources/list":
            return {"resources": self._resources.listed()}
        if method == "resources/templates/list":
            return {"resourceTemplates": TEMPLATES}
        if method == "resources/read":
            uri = params.get("uri")
            if not isinstance(uri, str):
                raise RpcError(_INVALID_PARAMS, "resources/read needs a uri.")
            try:
                return {"contents": [self._resources.read(uri)]}
            except NoSuchResource as error:
                raise RpcError(_NO_RESOURCE, str(error)) from error
        raise RpcError(_UNKNOWN_METHOD, f"There is no method {method[:80]!r}.")

    def _start(self, number: str | int, params: dict[str, Any]) -> None:
        name, arguments = params.get("name"), params.get("arguments")
        entry = self.tools().get(name) if isinstance(name, str) else None
        if entry is None:
            raise RpcError(_INVALID_PARAMS, f"There is no tool {str(name)[:80]!r}.")
        if not isinstance(arguments, dict | None):
            raise RpcError(_INVALID_PARAMS, "The arguments must be an object.")
        meta = params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None
        cancel = threading.Event()
        work = threading.Thread(
            target=self._call, args=(number, entry, arguments or {}, token, cancel), name=f"mcp {name}", daemon=True
        )
        with self._guard:
            if number in self._running:
                raise RpcError(_INVALID_REQUEST, "A request with this id is under way.")
            if len(self._running) >= _MOST_CALLS:
                raise RpcError(_BUSY, "Too many tools run already; wait for one, or cancel one.")
            self._running[number] = (cancel, work)
        work.start()

    def _call(
        self, number: str | int, entry: Entry, arguments: dict[str, Any], token: Any, cancel: threading.Event
    ) -> None:
        from nootropic_kernel.capabilities.invoke import InternalError, invoke

        session = Session(self._workspace, face="mcp", emit=self._progress(token, cancel), cancel=cancel)
        try:
            result = invoke(entry.verb, arguments, session)
            answer = {"content": [_text(result.text())], "structuredContent": result.document(), "isError": False}
        except Exception as error:
            known = error if isinstance(error, NootropicError) else InternalError(entry.verb, error)
            answer = {"content": [_text(str(known))], "isError": True, "_meta": {ERROR_KEY: known.to_json()}}
        finally:
            session.close()
            with self._guard:
                self._running.pop(number, None)
        if not cancel.is_set():  # who cancelled waits for no answer
            self._answer(number, answer)

    def _cancel(self, number: Any) -> None:
        with self._guard:
            running = self._running.get(number) if isinstance(number, str | int) else None
        if running is not None:
            running[0].set()

    def _progress(self, token: Any, cancel: threading.Event) -> Callable[[Progress], None]:
        news = 0

        def emit(progress: Progress) -> None:
            nonlocal news
            if token is None or progress.kind == "text" or cancel.is_set():
                return
            news += 1
            percent = "" if progress.fraction is None else f"{progress.fraction:.0%} "
            message = f"{percent}{readable(progress.text)}"
            self._notify("notifications/progress", {"progressToken": token, "progress": news, "message": message})

        return emit

    def _answer(self, number: str | int, result: dict[str, Any]) -> None:
        self._send({"jsonrpc": "2.0", "id": number, "result": result})

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _refuse(self, number: str | int | None, error: RpcError) -> None:
        self._send({"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}})


def _read(message: Any) -> tuple[str, dict[str, Any]]:
    """Method and parameters of a message."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcError(_INVALID_REQUEST, "This is not a JSON-RPC 2.0 message.")
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        raise RpcError(_INVALID_REQUEST, "The message names no method.")
    if not isinstance(params, dict):
        raise RpcError(_INVALID_PARAMS, "The parameters must be an object.")
    return method, params


def _tool(entry: Entry) -> dict[str, Any]:
    reads = entry.effect == "read"
    return {
        "name": entry.verb,
        "description": f"{entry.summary}\n\n{entry.help}".strip(),
        "inputSchema": entry.params,
        "outputSchema": entry.result,
        "annotations": {"readOnlyHint": reads, "destructiveHint": False, "openWorldHint": False},
    }


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": readable(text)}


def _own_streams() -> tuple[TextIO, TextIO]:
    """Standard input and output for the protocol alone: what anything else reads or prints goes elsewhere."""
    lines = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace", newline="\n")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", newline="\n")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return lines, answers


def main(arguments: list[str] | None = None) -> int:
    """Serve until standard input ends, or SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(prog="noo mcp")
    parser.add_argument("--workspace", type=Path, required=True)
    options = parser.parse_args(arguments)
    lines, answers = _own_streams()
    writing = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False, default=str)
        try:
            with writing:
                answers.write(text + "\n")
                answers.flush()
        except BrokenPipeError:
            pass  # the client went; the end of standard input says so too

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    server = McpServer(Workspace.find(options.workspace), send)
    try:
        for line in lines:
            if line.strip():
                server.receive(line)
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
