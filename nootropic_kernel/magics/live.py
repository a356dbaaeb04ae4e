"""Shows the progress of a running verb in one place of the cell's output."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nootropic_kernel.capabilities.base import Progress

_PAUSE_S = 0.1
_MOST_TEXT = 200_000
# What is left of a model's text when the verb failed: the error below it is what matters then.
_KEPT_LINES = 15


class LiveOutput(Protocol):
    """Where progress is shown."""

    def show(self, news: Progress) -> None:
        """Take a piece of news."""

    def flush(self) -> None:
        """Show what is not shown yet."""

    def close(self, *, failed: bool) -> None:
        """End the showing."""


@contextmanager
def live_output(shell: InteractiveShell) -> Iterator[LiveOutput]:
    """Open the fitting output for a shell: a display that is updated, or a terminal's lines."""
    output: LiveOutput = DisplayOutput() if hasattr(shell, "kernel") else TerminalOutput()
    failed = True
    try:
        yield output
        failed = False
    finally:
        output.close(failed=failed)


class DisplayOutput:
    """One display, updated in place: streamed text accumulates, a status line follows it."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._status = ""
        self._handle: Any = None
        self._shown_at = 0.0
        self._dirty = False

    def show(self, news: Progress) -> None:
        """Take a piece of news; many at once become one update."""
        if news.kind == "text":
            self._text.append(news.text)
        else:
            percent = f"{news.fraction:.0%} " if news.fraction is not None else ""
            self._status = percent + " ".join(news.text.split())
        self._dirty = True
        if time.monotonic() - self._shown_at >= _PAUSE_S:
            self.flush()

    def flush(self) -> None:
        """Update the display if there is anything new."""
        if self._dirty:
            self._update(self._status)

    def close(self, *, failed: bool) -> None:
        """Leave what was streamed; a status line stays only where there is nothing else to see, or it failed."""
        if failed and self._text:
            self._text = [_last_lines("".join(self._text))]
        if self._handle is not None or self._dirty:
            self._update(self._status if failed or not self._text else "")

    def _update(self, status: str) -> None:
        from IPython.display import display

        text = "".join(self._text)
        self._text = [text]
        shown = text if len(text) <= _MOST_TEXT else "…" + text[-_MOST_TEXT:]
        plain = "\n".join(part for part in (shown.rstrip("\n"), status) if part)
        page = f"<pre>{html.escape(shown)}</pre>" if shown else ""
        if status:
            page += f'<div style="opacity:0.7" role="status">{html.escape(status)}</div>'
        data = {"text/plain": plain, "text/html": page}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)
        self._shown_at, self._dirty = time.monotonic(), False


def _last_lines(text: str) -> str:
    lines = text.strip("\n").split("\n")
    left_out = len(lines) - _KEPT_LINES
    return "\n".join([f"… {left_out} more lines above", *lines[-_KEPT_LINES:]]) if left_out > 1 else text


class TerminalOutput:
    """IPython in a terminal: text streams to standard output, a status line overwrites itself."""

    def __init__(self) -> None:
        self._status = False
        self._open_line = False

    def show(self, news: Progress) -> None:
        """Print a piece of news."""
        if news.kind == "text":
            self._clear()
            sys.stdout.write(news.text)
            self._open_line = not news.text.endswith("\n")
        elif sys.stdout.isatty() and not self._open_line:
            sys.stdout.write("\r\x1b[2K" + " ".join(news.text.split())[:100])
            self._status = True
        sys.stdout.flush()

    def flush(self) -> None:
        """Everything is shown at once here."""

    def close(self, *, failed: bool) -> None:
        """Take the status line away and end an open line."""
        self._clear()
        if self._open_line:
            sys.stdout.write("\n")

    def _clear(self) -> None:
        if self._status:
            sys.stdout.write("\r\x1b[2K")
            self._status = False
