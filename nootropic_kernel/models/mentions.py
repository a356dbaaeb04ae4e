"""``@name`` in what a person writes: one grammar for chat, magics and the lab.

``@file:PATH`` (``@file:"a b.py"``), ``@cell:ID``, ``@P1`` (a proposal), ``@T3`` (a task), ``@name`` (a live variable),
and ``@path/of/file.py`` for what has a slash or a dot in it. In JupyterLab ``@cell`` is the active cell, and
``@cell:2`` the second one of its notebook. What stands in backticks, or in a word such as an e-mail
address, mentions nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

MentionKind: TypeAlias = Literal["file", "cell", "proposal", "task", "variable"]

_CODE = re.compile(r"(?P<fence>`{3,}|~{3,}).*?(?:(?P=fence)|\Z)|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(
    r"""(?<![\w.@/])@(?:
        (?P<kind>file|cell):(?:"(?P<quoted>[^"\n]+)"|(?P<plain>[^\s"`,;()\[\]{}<>]+))
        | (?P<word>(?:\.{1,2}/|\.)?\w+(?:[./-]+\w+)*)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Mention:
    """Something that a text names.

    :param sure: it was named in a form that means nothing else, so that it must exist.
    :param written: how it stands in the text.
    """

    kind: MentionKind
    name: str
    written: str
    sure: bool

    @property
    def key(self) -> str:
        """What tells it apart from others: `df`, `file:a.py`, `cell:3`."""
        return f"{self.kind}:{self.name}" if self.kind in ("file", "cell") else self.name


def find_mentions(text: str) -> tuple[Mention, ...]:
    """What ``text`` mentions, each once, in order."""
    blank = _CODE.sub(lambda found: " " * len(found[0]), text)
    found: dict[tuple[str, str], Mention] = {}
    for match in _MENTION.finditer(blank):
        if mention := _mention(match):
            found.setdefault((mention.kind, mention.name), mention)
    return tuple(found.values())


def _mention(match: re.Match[str]) -> Mention | None:
    if kind := match["kind"]:
        # A sentence may end behind a path; a path does not end in a full stop.
        name = match["quoted"] or match["plain"].rstrip(".:!?'")
        return Mention("file" if kind == "file" else "cell", name.removeprefix("./"), match[0], True)
    word = match["word"]
    if re.fullmatch(r"P[1-9]\d*", word):
        return Mention("proposal", word, match[0], True)
    if re.fullmatch(r"T[1-9]\d*", word):
        return Mention("task", word, match[0], True)
    if word.isidentifier():
        return Mention("variable", word, match[0], False)
    return Mention("file", word.removeprefix("./"), match[0], False) if "." in word or "/" in word else None
