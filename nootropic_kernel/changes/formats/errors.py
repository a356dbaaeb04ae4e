"""The one error of an answer that holds no edit, and its kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from nootropic_kernel.workspace.errors import NootropicError

Kind = Literal[
    "empty",  # nothing was said
    "refusal",  # the model declines
    "no_edit",  # prose, or code that names no file
    "cut",  # the answer ends before the edit does
    "repeats",  # stopped, because it said the same again and again
    "elided",  # lines are left out (`rest unchanged`)
    "no_match",  # the text to replace is not there
    "many_matches",  # it is there more than once
    "overlap",  # two edits want the same lines
    "ambiguous",  # the answer can be read in more than one way
    "wrong_file",  # a path that was not given, or that leads outside
    "not_text",  # the file to change is binary
    "too_large",  # the file to change is beyond what a model edits
    "no_change",  # the edit changes nothing
    "broken",  # the edit contradicts its format, or its result cannot be that file
]

# What stands here must fit every verb that asks a model; `run` has no --file.
_NAME_IT = "name the file (`noo code --file … --instruct …`)"
_NEXT = {
    "cut": "Ask for less at once, or use a model with a longer output.",
    "repeats": f"Ask for something smaller, {_NAME_IT}, or use a larger model.",
    "elided": "Every line of the edit must be written out.",
}
_MOST_WHY = 600
_MOST_LINES = 24
_MOST_LINE = 160


class NoUsableEdit(NootropicError):
    """The model's answer holds no edit that fits exactly once; the answer itself is kept in ``data["text"]``."""

    def __init__(
        self,
        kind: Kind,
        why: str,
        *,
        text: str = "",
        path: str = "",
        lines: Sequence[tuple[int, str]] = (),
        model: str = "",
    ) -> None:
        super().__init__(
            "No usable edit in the model's answer.",
            # A sentence may begin with the name of a file, which must stay as it is.
            why=why[:1].upper() + why[1:] if why.split(" ")[0].isalpha() else why,
            next=_NEXT.get(kind, f"Say it more exactly, {_NAME_IT}, or use a larger model."),
            kind=kind,
            text=text,
            path=path,
            lines=[list(each) for each in lines],
            model=model,
        )

    @property
    def kind(self) -> str:
        return str(self.data["kind"])

    def feedback(self) -> str:
        """What goes back to the model, so that its next answer fits: bounded in size, lines of files fenced as data."""
        told = f"Your answer could not be used: {_short(self.why, _MOST_WHY)}"
        shown = "\n".join(f"{number}: {_short(line, _MOST_LINE)}" for number, line in self.data["lines"][:_MOST_LINES])
        if shown:
            fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", shown)), default=0))
            told += f"\nThe nearest lines of {self.data['path']}, each after its number:\n{fence}\n{shown}\n{fence}"
        return f"{told}\nAnswer again, with the edit only."


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
