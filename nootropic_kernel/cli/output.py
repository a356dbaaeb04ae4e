"""What ``noo`` prints: a text for people or one document for programs, and everything else on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from nootropic_kernel.cli.pager import pager_command, show_in_pager
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.plain_text import readable

if TYPE_CHECKING:
    from nootropic_kernel.capabilities.base import Progress, Result


class Output:
    """The output of one command in one form: ``text``, ``json`` or ``yaml``; long texts in the person's pager."""

    def __init__(self, form: str, *, pager: bool = True) -> None:
        self.form = form
        self.pager = pager
        self._status_shown = False
        self._streamed = ""
        self._showed_stream = False
        self._kept: int | None = None

    def document(self, data: dict[str, Any], text: str) -> None:
        """Print the document, or the text that says the same to a person."""
        self._end_status()
        if self.form == "json":
            text = json.dumps(data, indent=2, ensure_ascii=False)
            print(text if _printable(text) else json.dumps(data, indent=2))
        elif self.form == "yaml":
            import yaml

            text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
            print(text if _printable(text) else yaml.safe_dump(data, sort_keys=False), end="")
        else:
            print(_fitting(text, sys.stdout))

    def result(self, result: Result) -> None:
        """Print what a verb returned."""
        self._end_stream()
        if self._showed_stream and sys.stdout.isatty():
            result.streamed()
        self._showed_stream = False
        if self.form == "text":
            command = pager_command() if self.pager else None
            whole = result.pager_text() if command else None
            if command is None or whole is None or not show_in_pager(command, _fitting(whole, sys.stdout)):
                self.document({}, result.text())
        else:
            self.document(result.document(), "")

    def error(self, error: NootropicError) -> None:
        """Print an error: as the one document where that was asked for, and as sentences for the person."""
        self._end_status()
        self._end_stream()
        if self.form != "text":
            self.document({"error": error.to_json()}, "")
        print(_fitting(str(error), sys.stderr), file=sys.stderr)

    def progress(self, news: Progress) -> None:
        """Show progress on standard error while a person looks at it; in a log it would only be in the way."""
        if not sys.stderr.isatty():
            return
        if news.kind == "text":
            self._end_status()
            sys.stderr.write(_fitting(news.text, sys.stderr))
            self._streamed = news.text or self._streamed
            self._showed_stream = True
        else:
            width = shutil.get_terminal_size().columns - 1
            percent = f"{news.fraction:4.0%} " if news.fraction is not None else ""
            sys.stderr.write("\r\x1b[2K" + readable(percent + " ".join(news.text.split()))[:width])
            self._status_shown = True
        sys.stderr.flush()

    def _end_status(self) -> None:
        if self._status_shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._status_shown = False

    def _end_stream(self) -> None:
        if self._streamed and not self._streamed.endswith("\n"):
            print(file=sys.stderr)
        self._streamed = ""

    @contextmanager
    def only_document(self) -> Iterator[None]:
        """Lead what a verb or its child processes print to standard error while a document is due."""
        if self.form == "text":
            yield
            return
        sys.stdout.flush()
        self._kept = os.dup(1)
        os.dup2(2, 1)
        try:
            yield
        finally:
            self.give_back()
            os.close(self._kept)
            self._kept = None

    def give_back(self) -> None:
        """Let file descriptor 1 be standard output again, for a document or another program."""
        if self._kept is not None:
            sys.stdout.flush()
            os.dup2(self._kept, 1)


def _printable(text: str) -> bool:
    """Whether standard output can carry the text as it is (a terminal of old, a file name that is no text)."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _fitting(text: str, stream: TextIO) -> str:
    """The text with what the stream cannot carry, or a terminal would obey, replaced."""
    encoding = stream.encoding or "ascii"
    return readable(text).encode(encoding, "replace").decode(encoding)
