"""The part of an output that is the answer: what a model thought before it, and its control tokens, are not."""

from __future__ import annotations

import re

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.fences import find_fences

_NAME = r"(?:think|thinking|thought|reasoning|reflection|scratchpad)"
_OPEN = re.compile(rf"\s*(?:<(?P<tag>{_NAME})>|\[THINK\]|◁think▷)", re.I)
_CLOSE = re.compile(rf"</{_NAME}>|\[/THINK\]|◁/think▷", re.I)
_CLOSE_ALONE = re.compile(rf"^[ \t]*(?:</{_NAME}>|\[/THINK\]|◁/think▷)[ \t]*$", re.I | re.MULTILINE)
_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>")
_CHANNEL = re.compile(r"^\s*(?:<\|start\|>assistant)?<\|channel\|>")
_TOKENS = re.compile(
    r"(?:\s*(?:<\|(?:im_end|endoftext|eot_id|end|return|end_of_text|eom_id)\|>|</s>|<end_of_turn>))+\s*$"
)


def answer_in(text: str, known: str) -> str:
    """The answer without the thinking before it.

    Args:
        text: the whole output.
        known: the text of the files given; a closing tag that stands in them is no end of thinking.

    Raises:
        NoUsableEdit: `cut`, when the output ends before the thinking does.
    """
    text = _TOKENS.sub("\n", text)
    if _CHANNEL.match(text):
        finals = list(_FINAL.finditer(text))
        if not finals:
            raise NoUsableEdit("cut", "the output ends before the answer: it is all thinking")
        return text[finals[-1].end() :]
    if _OPEN.match(text):
        closing = _CLOSE.search(text)
        if closing is None:
            raise NoUsableEdit("cut", "the output ends before the answer: it is all thinking")
        rest = text[closing.end() :]
        return answer_in(rest, known) if _OPEN.match(rest) else rest
    # Some servers leave the opening tag out, because it is part of their prompt.
    alone = _CLOSE_ALONE.search(text)
    if alone is None or alone[0].strip() in known or re.search(rf"<{_NAME}>", text[: alone.start()], re.I):
        return text
    if any(not fence.closed for fence in find_fences(text[: alone.start()].split("\n"), ())):
        raise NoUsableEdit("ambiguous", f"it is unclear whether {alone[0].strip()} ends thinking or is text of a file")
    return text[alone.end() :]
