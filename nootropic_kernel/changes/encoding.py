"""Which encoding a file's bytes are in, so that its text can be edited and written back byte for byte."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from nootropic_kernel.workspace.errors import NootropicError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# PEP 263: a comment in the first or second line may name the encoding.
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b\x0b")) + b"\x7f"


class NotEncodable(NootropicError):
    """A text holds characters that the file's encoding does not have."""

    def __init__(self, encoding: str, character: str) -> None:
        super().__init__(
            f"{character!r} cannot be written in {encoding}.",
            why="The file keeps the encoding that it has.",
            next="Use another character, or convert the file to UTF-8 first.",
            encoding=encoding,
            character=character,
        )


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file: a codec's name, and the byte order mark that the file begins with (may be empty)."""

    codec: str = "utf-8"
    bom: bytes = b""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.codec.upper() + (" with a byte order mark" if self.bom else "")

    def decode(self, data: bytes) -> str:
        """The text of bytes of this file; a leading byte order mark is taken off."""
        return data.removeprefix(self.bom).decode(self.codec)

    def encode(self, text: str) -> bytes:
        """The bytes of a piece of text, without a byte order mark.

        Raises:
            NotEncodable: a character that the encoding does not have.
        """
        try:
            return text.encode(self.codec)
        except UnicodeEncodeError as error:
            raise NotEncodable(self.codec, error.object[error.start]) from error


UTF8 = Encoding()


def detect(data: bytes) -> Encoding | None:
    """The encoding in which the bytes are text that survives a round trip, None when they are not text.

    Tried in order: a byte order mark, UTF-8, the encoding that a coding comment names, and, where no control character
    speaks against text, Windows-1252 and Latin-1. Every byte of that is a character, so nothing is lost even when the
    guess is wrong.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom):
            found = Encoding(codec, bom)
            return found if _survives(found, data) else None
    if b"\0" in data:
        return None
    if _survives(UTF8, data):
        return UTF8
    for name in _named(data):
        found = Encoding(name)
        if _survives(found, data):
            return found
    if data.translate(None, _CONTROL) != data:
        return None
    windows = Encoding("cp1252")
    return windows if _survives(windows, data) else Encoding("latin-1")


def _survives(encoding: Encoding, data: bytes) -> bool:
    try:
        text = encoding.decode(data)
        return "\0" not in text and encoding.bom + encoding.encode(text) == data
    except (UnicodeDecodeError, NotEncodable):
        return False


def _named(data: bytes) -> list[str]:
    head = b"\n".join(data.split(b"\n", 2)[:2])
    found = _COOKIE.search(head)
    if found is None:
        return []
    try:
        codec = codecs.lookup(found[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return []
    return [codec.name] if getattr(codec, "_is_text_encoding", True) else []
