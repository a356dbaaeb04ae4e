"""The files an answer may edit, as text, and the edits that come out: encodings, line ends and BOM stay."""

from __future__ import annotations

from collections.abc import Mapping

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.matching import match_lines

_BOM = "\ufeff"


def as_text(path: str, data: bytes) -> str:
    """The text of a file; raises NoUsableEdit when it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise NoUsableEdit("wrong_file", f"{path} is not UTF-8 text ({problem.reason})", path=path) from problem


def as_edit(path: str, base: bytes | None, text: str) -> FileEdit:
    """The edit that gives ``path`` the text, keeping the base's BOM and line ends."""
    if base is None:
        return FileEdit(path, None, text.encode("utf-8"))
    old = as_text(path, base)
    new = match_lines(text, old) if "\r\n" in old or "\r\n" in text else text
    if old.startswith(_BOM) and not new.startswith(_BOM):
        new = _BOM + new
    return FileEdit(path, base, new.encode("utf-8"))


def target(path: str, files: Mapping[str, bytes]) -> str:
    """The path an answer means, when it wrote `./x.py` or a path of its own making; refuses what leads outside."""
    clean = path.replace("\\", "/").removeprefix("./")
    parts = clean.split("/")
    if clean.startswith("/") or ".." in parts or ":" in parts[0] or not clean:
        raise NoUsableEdit("wrong_file", f"the path {path!r} leads outside the repository", path=path)
    return clean
