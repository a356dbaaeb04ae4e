"""Seeing that a text stands in for lines it does not write out (`# rest unchanged`), without refusing honest code."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePosixPath

from nootropic_kernel.changes.formats.errors import NoUsableEdit

PROSE = frozenset({".md", ".mdx", ".markdown", ".qmd", ".rst", ".txt", ".adoc", ".org"})
_PYTHON = frozenset({".py", ".pyi", ".ipynb"})
_COMMENT = re.compile(r"^(?:#+|//+|--|/\*+|\*|<!--|\{/\*|;+|%+|\"\"\"|\(\*?|\[)?\s*")
_CLOSING = re.compile(r"\s*(?:\*/\}?|-->|\*?\)|\]|\"\"\")?$")
_DOTS = re.compile(r"\.{3,}|…+")
_STANDS_FOR = re.compile(
    r"\b(?:rest|remainder|remaining|existing|previous|other|same|original|unchanged|omitted|as before|elided|keep"
    r"|snip)\b",
    re.I,
)
_CODE = (
    r"(?:code|file|function|method|class|module|implementation|content|contents|script|document|cell|component|body)"
)
_SHORT = 10  # words of a comment that can still be a placeholder
_THING = (
    rf"(?:{_CODE}|functions|methods|classes|cells|imports?|lines|logic|definitions?|tests?|properties|fields|styles?"
    r"|routes?|sections?|text|config(?:uration)?|options|handlers?|variables|entries)"
)
_KEPT = (
    r"(?:here|goes|go|remains?|stays?|is|are|the same|unchanged|untouched|unmodified|intact|omitted|as is|as before"
    r"|as it was|above|below|continues?|follows?|for brevity|not shown)"
)
_LEAD = r"(?:(?:the|your|my|all|any|and|keep|of|this|existing|other|remaining|previous|original)\s+)*"
# A comment that as a whole is a placeholder; a comment that only mentions existing code is none.
_PLACEHOLDER = re.compile(
    rf"{_LEAD}(?:rest|remainder)\s+of\s+{_LEAD}{_CODE}(?:\s+{_KEPT})*"
    rf"|{_LEAD}(?:rest|remainder)\s+of\s+{_LEAD}{_THING}(?:\s+{_KEPT})+"
    rf"|{_LEAD}(?:rest|remainder)(?:\s+{_KEPT})+"
    rf"|{_LEAD}(?:existing|previous|original|unchanged|remaining|other)\s+{_THING}(?:\s+{_KEPT})+"
    rf"|{_LEAD}(?:existing|previous|original|unchanged|remaining)\s+(?:{_CODE}\s*)+"
    rf"|{_LEAD}(?:{_THING}\s+)?(?:unchanged|omitted|no changes?|same as (?:before|above)|stays the same)"
    rf"(?:\s+{_KEPT})*",
    re.I,
)


def refuse_elision(new: str, old: str, path: str) -> None:
    """Raise NoUsableEdit (`elided`) when the new text stands in for lines that it does not write out.

    Args:
        new: what the model wrote.
        old: the file as it is: what stands there already is no elision.
        path: the file's name; it tells code from prose.
    """
    suffix = PurePosixPath(path).suffix.lower()
    lines = new.split("\n")
    known: set[str] | None = None
    fenced = False
    for number, line in enumerate(lines):
        if suffix in PROSE and line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if not _suspicious(lines, number, suffix, fenced):
            continue
        if known is None:
            before = [each.strip() for each in old.split("\n") if each.strip()]
            known = {*before, *(f"{one}\n{two}" for one, two in pairwise(before))}
        bare = line.strip()
        above = next((each.strip() for each in reversed(lines[:number]) if each.strip()), "")
        # Three dots alone are common: only at the same place are they the file's own.
        if (f"{above}\n{bare}" if _DOTS.fullmatch(bare) else bare) in known:
            continue
        raise NoUsableEdit(
            "elided", f"line {number + 1} of {path} stands for lines that are left out: {bare[:80]!r}", path=path
        )


def _suspicious(lines: list[str], number: int, suffix: str, fenced: bool) -> bool:
    """Whether a line stands for others by its looks. ``fenced``: it is in a code block of a prose file."""
    bare = lines[number].strip()
    if _DOTS.fullmatch(bare):
        if suffix in {".yaml", ".yml"}:
            return lines[number][:1].isspace()  # at the margin they end a YAML document
        return not fenced and not (suffix in _PYTHON and _is_python_body(lines, number))
    if not bare or fenced or (suffix in PROSE and bare.startswith("#")):
        return False
    mark = _COMMENT.match(bare)
    begin = mark.end() if mark else 0
    said = _CLOSING.sub("", bare[begin:], count=1).strip(" -_=*~:")
    dots = _DOTS.match(said)
    after = said[dots.end() :] if dots else ""
    words = re.sub(r"[\s(),;:—–-]+", " ", _DOTS.sub(" ", said)).strip(" .[]<>!")
    if begin == 0:
        # Outside of comments only dots with a space after them stand for something: `...rest` spreads a value.
        return after[:1] in {" ", "("} and _PLACEHOLDER.fullmatch(words) is not None
    if bare[0] in "[(":
        # In brackets code is as likely: `[...values]`, `(existing, other)`.
        return bool(dots) and not after[:1].isidentifier() and (not words or _PLACEHOLDER.fullmatch(words) is not None)
    if dots and (not words or (_STANDS_FOR.search(words) and len(words.split()) <= _SHORT)):
        return True
    return _PLACEHOLDER.fullmatch(words) is not None


def _is_python_body(lines: list[str], number: int) -> bool:
    """Whether three dots are a body of their own: under a header or docstring, with nothing beside them."""
    line = lines[number]
    depth = len(line) - len(line.lstrip())
    if not depth:
        return False
    above = next((each for each in reversed(lines[:number]) if each.strip()), "")
    below = next((each for each in lines[number + 1 :] if each.strip()), "")
    if above.strip().startswith((">>>", "...")):
        return True  # a doctest goes on
    opens = re.search(r":\s*(?:#.*)?$|[\"']\s*$", above) is not None
    return opens and (not below or len(below) - len(below.lstrip()) < depth)
