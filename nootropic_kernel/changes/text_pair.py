"""Two versions of a text file, read in the encoding that they share, as lines that keep their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from nootropic_kernel.changes.encoding import UTF8, Encoding, detect

_SINGLE_BYTE = ("cp1252", "latin-1")


@dataclass(frozen=True)
class TextPair:
    """The lines of both versions, without the byte order mark, which belongs to the file.

    Lines end after each ``\\n``; in files that have none (of old Macs) after each ``\\r``.
    """

    encoding: Encoding
    old: tuple[str, ...]
    new: tuple[str, ...]
    ending: str

    def join(self, lines: Sequence[str]) -> bytes:
        """The file that lines make.

        Raises:
            NotEncodable: a character that the encoding does not have.
        """
        return self.encoding.bom + self.encoding.encode("".join(lines))

    def fitted(self, text: str, *, last: bool) -> str:
        """A person's text with the file's line ending; only at the end of the file may the last one be missing."""
        text = text.replace("\r\n", "\n").replace("\n", self.ending)
        if text and not text.endswith(self.ending) and not (last and self.new and not _ends(self.new[-1])):
            text += self.ending
        return text


def read_pair(base: bytes, new: bytes) -> TextPair | None:
    """Both versions as text; None when one is not text, or they are in different encodings."""
    # Large files are not kept longer than their hunks are being cut.
    return _kept_pair(base, new) if len(base) + len(new) < 1_000_000 else _large_pair(base, new)


def shared_encoding(base: bytes, new: bytes) -> Encoding | None:
    """The encoding in which both are text; None when there is none."""
    found = [detect(base), detect(new)]
    if found[0] is None or found[1] is None or found[0] == found[1]:
        return found[0] if found[1] is not None else None
    for encoding, other in ((found[0], new), (found[1], base)):
        # Plain ASCII is text in most encodings; one that begins with a mark must have it in both versions.
        if not encoding.bom and encoding != UTF8 and other.isascii() and _reads(encoding, other):
            return encoding
    if all(encoding.codec in _SINGLE_BYTE for encoding in found if encoding is not None):
        return Encoding("latin-1")
    return None


def encoding_names(base: bytes, new: bytes) -> tuple[str, str] | None:
    """The names of the two encodings where a change of the encoding is what keeps the texts apart."""
    before, after = detect(base), detect(new)
    return (before.name, after.name) if before is not None and after is not None and before != after else None


def _reads(encoding: Encoding, data: bytes) -> bool:
    try:
        return encoding.decode(data) == data.decode("ascii")
    except UnicodeDecodeError:
        return False


def _read(base: bytes, new: bytes) -> TextPair | None:
    encoding = shared_encoding(base, new)
    if encoding is None:
        return None
    old_text, new_text = encoding.decode(base), encoding.decode(new)
    end = "\r" if "\n" not in old_text and "\n" not in new_text and "\r" in old_text + new_text else "\n"
    sample = old_text if end in old_text else new_text
    crlf = end == "\n" and sample.count("\r\n") * 2 > sample.count("\n")
    return TextPair(encoding, _lines(old_text, end), _lines(new_text, end), "\r\n" if crlf else end)


_kept_pair = lru_cache(maxsize=64)(_read)
_large_pair = lru_cache(maxsize=1)(_read)


def _lines(text: str, end: str) -> tuple[str, ...]:
    parts = text.split(end)
    lines = [part + end for part in parts[:-1]]
    return (*lines, parts[-1]) if parts[-1] else tuple(lines)


def _ends(line: str) -> bool:
    return line.endswith(("\n", "\r"))
