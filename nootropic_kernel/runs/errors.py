"""What can go wrong with a run as such, apart from what its effects meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.runs.effects import Single, label
from nootropic_kernel.workspace.errors import NootropicError


class PartsFailed(NootropicError):
    """Some parts of an `All` failed.

    ``failed`` pairs each of them with its error; ``answers`` has the shape of the whole answer, with None in their
    places, so that a step can go on with the rest.
    """

    def __init__(self, failed: Sequence[tuple[Single, Exception]], answers: list[Any], total: int) -> None:
        self.failed = tuple(failed)
        self.answers = answers
        first = failed[0][1]
        super().__init__(
            f"{len(failed)} of {total} requests failed.",
            why=" ".join(f"{label(effect)}: {_said(error)}" for effect, error in failed),
            next=first.next if isinstance(first, NootropicError) else "",
            failed=[{"request": label(effect), "error": type(error).__name__} for effect, error in failed],
        )


class NobodyToAsk(NootropicError):
    """A question was to be put to a person, and there is none here; that is not a no."""

    def __init__(self, question: str) -> None:
        super().__init__(
            "There is nobody here who could be asked.",
            why=f"The question was: {question}",
            next="Run this where you can answer: in a notebook cell or a terminal.",
            question=question,
        )


class RunBusy(NootropicError):
    """Another process does the very same and does not come to its end."""

    def __init__(self, owner: str, waited_s: float) -> None:
        super().__init__(
            f"{owner} is doing exactly this already.",
            why=f"It did not end within {waited_s:g} s.",
            next="Wait for it, or end it; what it has done so far is kept.",
            waited_s=waited_s,
        )


def _said(error: Exception) -> str:
    text = f"{error.what} {error.why}" if isinstance(error, NootropicError) else f"{type(error).__name__}: {error}"
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
