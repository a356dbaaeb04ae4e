"""From a model's answer to file edits, whatever formats it chose to speak.

Each format claims the lines of the answer that are its own; what lies inside another one's claim is text. Code blocks
that nobody claims are whole files. All claims together are one change: every edit is made, or none is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.formats import cell_blocks, codex_patch, search_replace, tool_call, unified, whole_file
from nootropic_kernel.changes.formats.apply import MOST_BYTES, apply
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.operations import Claim, Operation
from nootropic_kernel.changes.formats.repetition import REPEATS, repetition_in
from nootropic_kernel.changes.formats.thinking import answer_in

_DECLINES = re.compile(
    r"\b(?:I(?:['’]m| am) sorry|I (?:can['’]?t|cannot|can not|am unable|won['’]t|will not|am not able)"
    r"|unable to (?:help|assist|comply|do)|as an AI|I must decline)\b",
    re.I,
)


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
    try:
        answer = answer_in(text, _known_text(files))
        if not answer.strip():
            raise NoUsableEdit("empty", "there is no answer after the thinking")
        edits = apply(read_operations(answer, files), files)
        if not edits:
            raise NoUsableEdit("no_change", "the edit changes nothing")
        return edits
    except NoUsableEdit as problem:
        problem.data["text"] = text
        raise


def read_operations(answer: str, files: Mapping[str, bytes]) -> list[Operation]:
    """What an answer wishes, in the order written. Raises NoUsableEdit when it holds no edit, or one is unclear."""
    lines = answer.replace("\r\n", "\n").split("\n")
    claims: list[Claim] = []
    for read in (search_replace.read, cell_blocks.read, codex_patch.read, unified.read):
        claims += read(whole_file.masked(lines, claims), files)
    claims, left = whole_file.with_fences(lines, claims, files)
    for claim in claims:
        if claim.problem is not None:
            raise claim.problem
    blocks = [Claim(fence.start, fence.end) for fence in left]
    calls, prose = tool_call.read_bare("\n".join(whole_file.masked(lines, [*claims, *blocks])), files)
    operations = [each for claim in sorted(claims, key=lambda claim: claim.start) for each in claim.operations]
    operations += calls
    if operations:
        return operations
    if not left and _DECLINES.search(prose):
        raise NoUsableEdit("refusal", f"the model declines: {' '.join(prose.split())[:160]}")
    return [whole_file.only(left, lines, files)]


def _known_text(files: Mapping[str, bytes]) -> str:
    texts = []
    for data in files.values():
        encoding = detect(data) if len(data) <= MOST_BYTES else None
        texts.append(encoding.decode(data) if encoding is not None else "")
    return "\n".join(texts)


def _repeats(text: str, files: Mapping[str, bytes]) -> NoUsableEdit:
    seen = repetition_in(text, _known_text(files))
    line = seen.found.split("\n")[0].strip()
    what = f": {line if len(line) <= 60 else line[:59] + '…'!r} again and again" if line else ""
    problem = NoUsableEdit("repeats", f"the answer repeats itself, so it was stopped{what}", text=text)
    problem.data["useful"] = seen.useful
    return problem
