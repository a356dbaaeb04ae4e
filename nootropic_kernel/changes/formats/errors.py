"""The one error of an answer that holds no edit, and its kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nootropic_kernel.workspace.errors import NootropicError

Kind = Literal[
    "empty", "cut", "repeats", "elided", "no_edit", "no_match", "many_matches", "wrong_file", "no_change", "broken"
]

_NEXT = {
    "cut": "Ask for less at once, or use a model with a longer output.",
    "repeats": "Ask for something smaller, name the file with --file, or use a larger model.",
    "elided": "Every line of the edit must be written out.",
}


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
            why=why[:1].upper() + why[1:],
            next=_NEXT.get(kind, "Say it more exactly, name the file with --file, or use a larger model."),
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
        """What goes back to the model, so that its next answer fits."""
        shown = "\n".join(f"{number}: {line}" for number, line in self.data["lines"])
        near = f"\nThe nearest lines of {self.data['path']} are:\n{shown}" if shown else ""
        return f"Your answer could not be used: {self.why}{near}\nAnswer again, with the edit only."
