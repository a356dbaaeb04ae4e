"""A real Nootropic kernel for tests: started as Jupyter starts it, spoken to through its own protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

import nootropic_kernel

PACKAGE = Path(nootropic_kernel.__file__).parent


@dataclass
class Ran:
    """What one cell did."""

    status: str
    reply: dict[str, Any]
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The contents of all messages of a kind."""
        return [content for name, content in self.messages if name == kind]

    @property
    def text(self) -> str:
        """What the cell printed and returned, as text."""
        parts = [content["text"] for content in self.of("stream")]
        parts += [content["data"]["text/plain"] for content in self.of("execute_result")]
        return "".join(parts)

    @property
    def error(self) -> str:
        """The traceback as shown."""
        return "\n".join(line for content in self.of("error") for line in content["traceback"])


class Kernel:
    """A started kernel and a client that waits."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str, *, timeout: float = 90, answer: str | None = None, **options: Any) -> Ran:
        """Execute a cell; ``answer`` is typed where it asks."""
        messages: list[tuple[str, dict[str, Any]]] = []
        options.setdefault("stop_on_error", False)  # else a cell that comes right after a failed one is aborted
        reply = self.client.execute_interactive(
            code,
            timeout=timeout,
            allow_stdin=answer is not None,
            stdin_hook=lambda _: self.client.input(answer or ""),
            output_hook=lambda message: messages.append((message["msg_type"], message["content"])),
            **options,
        )
        return Ran(reply["content"]["status"], reply["content"], messages)

    def reply_to(self, request: str) -> dict[str, Any]:
        """Wait for the reply to a request that was sent before."""
        while True:
            reply = self.client.get_shell_msg(timeout=120)
            if reply["parent_header"].get("msg_id") == request:
                return dict(reply["content"])

    def complete(self, code: str, cursor: int | None = None) -> list[str]:
        """The completions at a place in a cell."""
        place = len(code) if cursor is None else cursor
        reply = self.client.complete(code, place, reply=True, timeout=60)
        return list(reply["content"]["matches"])


@contextmanager
def running_kernel(folder: Path, paths: Sequence[str] = ()) -> Iterator[Kernel]:
    """Start the kernel of our kernelspec in a folder; ``paths`` come first on its module path."""
    manager = KernelManager()
    spec = KernelSpec.from_resource_dir(str(PACKAGE / "kernelspec"))
    manager._kernel_spec = spec
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(PACKAGE.parent)])}
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=90)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel()  # in order, so that it ends as in real life
        manager.cleanup_resources()
