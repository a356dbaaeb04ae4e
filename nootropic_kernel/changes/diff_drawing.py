"""Marked lines of a diff drawn for a terminal and as HTML, the words that differ set off."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby

from nootropic_kernel.changes.diff_view import DiffLine
from nootropic_kernel.changes.word_diff import Span, with_words
from nootropic_kernel.workspace.plain_text import SIGN, visible

_PAINT = {"-": "\x1b[31m", "+": "\x1b[32m", " ": "\x1b[39m"}
_LINE = {"-": ' style="background:rgba(248,81,73,.15)"', "+": ' style="background:rgba(63,185,80,.15)"', " ": ""}
_WORD = {"-": "rgba(248,81,73,.4)", "+": "rgba(63,185,80,.4)"}
_HIDDEN = "color:#fff;background:#b35900;border-radius:2px"


def terminal(lines: Sequence[DiffLine], *, color: bool) -> str:
    """The lines for a terminal; hidden characters are signs, in a colour of their own where there is colour."""
    if not color:
        return "\n".join(f"{line.op}{visible(line.text)}" for line in lines)
    shown = []
    for line, spans in with_words([DiffLine(line.op, visible(line.text)) for line in lines]):
        paint = _PAINT[line.op]
        marked = "".join(_painted(span, paint) for span in spans)
        shown.append(f" {marked}" if line.op == " " else f"{paint}{line.op}{marked}\x1b[0m")
    return "\n".join(shown)


def as_html(lines: Sequence[DiffLine]) -> str:
    """The lines as HTML; every text is escaped, and colours carry no meaning alone: the marks stay."""
    drawn = with_words([DiffLine(line.op, visible(line.text)) for line in lines])
    blocks = []
    for op, block in groupby(drawn, key=lambda each: each[0].op):
        rows = "\n".join(op + "".join(_tagged(span, op) for span in spans) for _, spans in block)
        blocks.append(f"<div{_LINE[op]}>{rows}</div>")
    return '<pre style="margin:0;line-height:1.35;overflow-x:auto">' + "".join(blocks) + "</pre>"


def _painted(span: Span, paint: str) -> str:
    text = SIGN.sub(lambda sign: f"\x1b[33m{sign[0]}{paint}", span.text)
    if not span.changed:
        return text
    # A changed tab would be as invisible as the spaces that stand in for it.
    return "\x1b[7m" + text.replace("\t", "→\t") + "\x1b[27m"


def _tagged(span: Span, op: str) -> str:
    text = html.escape(span.text)
    text = SIGN.sub(lambda sign: f'<span style="{_HIDDEN}" title="a hidden character">{sign[0]}</span>', text)
    if not span.changed or op == " ":
        return text
    tag = "del" if op == "-" else "ins"
    text = text.replace("\t", "→\t")
    return f'<{tag} style="text-decoration:none;background:{_WORD[op]}">{text}</{tag}>'
