"""Server-sent events, and JSON a line, from a stream of bytes, with a limit on what one of them may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class LineTooLong(ValueError):
    """A line or event is longer than allowed; the stream is not worth reading on."""


def events(chunks: Iterable[bytes], *, limit: int) -> Iterator[str]:
    """The data of each complete event in ``chunks``; an event cut off by the end of the stream is not given.

    :param limit: the most bytes that one line, or the lines of one event together, may have.
    :raises LineTooLong: when there is more.
    """
    data: list[str] = []
    size = 0
    for line in _lines(chunks, limit):
        if not line:
            if data:
                yield "\n".join(data)
            data, size = [], 0
        elif line.startswith(b"data:"):
            size += len(line)
            if size > limit:
                raise LineTooLong(f"an event of more than {limit} bytes")
            data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))
        # Comments (a server's sign of life), event names, ids and retry times say nothing about an answer.


def lines(chunks: Iterable[bytes], *, limit: int) -> Iterator[str]:
    """Each complete line in ``chunks`` that is not empty; one cut off by the end of the stream is not given.

    :param limit: the most bytes that one line may have.
    :raises LineTooLong: when there is more.
    """
    for line in _lines(chunks, limit):
        if line.strip():
            yield line.decode("utf-8", "replace")


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        start = 0
        # Lines end with LF or CRLF. A lone CR, which the specification also allows, is sent by no model server, and
        # waiting to see whether LF follows would delay each event by one chunk.
        while (end := chunk.find(b"\n", start)) >= 0:
            waiting += chunk[start:end]
            _check(waiting, limit)
            yield bytes(waiting).removesuffix(b"\r")
            waiting.clear()
            start = end + 1
        waiting += chunk[start:]
        _check(waiting, limit)


def _check(waiting: bytearray, limit: int) -> None:
    if len(waiting) > limit:
        raise LineTooLong(f"a line of more than {limit} bytes")
