"""From a model's answer to file edits, whatever format it chose to speak."""

from __future__ import annotations

from collections.abc import Mapping

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats import search_replace, unified, whole_file
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.repetition import REPEATS, repetition_in


def parse_answer(text: str, files: Mapping[str, bytes], *, finish_reason: str = "stop") -> list[FileEdit]:
    """The edits of an answer.

    Args:
        text: what the model wrote; prose around the edit is passed over.
        files: the files it was shown, as the bytes the edit is against.
        finish_reason: how the answer ended; `length` means that it was cut off, `repeats` that it was stopped
            because it said the same again and again.

    Raises:
        NoUsableEdit: nothing fits exactly once; its data keeps the text.
    """
    if finish_reason == "length":
        raise NoUsableEdit("cut", "the answer was cut off before its end", text=text)
    if finish_reason == REPEATS:
        raise _repeats(text, files)
    if not text.strip():
        raise NoUsableEdit("empty", "the answer is empty", text=text)
    speaks = next((form for form in (search_replace, unified) if form.looks_like(text)), None)
    try:
        edits = (speaks or whole_file).parse(text, files)
    except NoUsableEdit as problem:
        problem.data["text"] = text
        raise
    changed = [edit for edit in edits if edit.base != edit.new]
    if not changed:
        raise NoUsableEdit("no_change", "the edit changes nothing", text=text)
    return changed


def _repeats(text: str, files: Mapping[str, bytes]) -> NoUsableEdit:
    known = "\n".join(data.decode("utf-8", "replace") for data in files.values())
    seen = repetition_in(text, known)
    line = seen.found.split("\n")[0].strip()
    what = f": {line if len(line) <= 60 else line[:59] + '…'!r} again and again" if line else ""
    problem = NoUsableEdit("repeats", f"the answer repeats itself, so it was stopped{what}", text=text)
    problem.data["useful"] = seen.useful
    return problem
