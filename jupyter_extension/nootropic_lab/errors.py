"""Refusals of this face, and the HTTP status of every refusal."""

from __future__ import annotations

from http.client import responses

from nootropic_kernel.workspace.errors import NootropicError, UsageError


class UnknownVerb(UsageError):
    """No provider offers this verb."""


class UnknownRun(UsageError):
    """A run that this server does not know: it was started before a restart, or too many came after it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This server knows no run {name[:60]!r}.",
            why="It was started before the server's last restart, or so many ended after it that it is forgotten.",
            next="What it proposed or decided is kept: look there. Otherwise start it again.",
            run=name[:60],
        )


class UnknownRoute(UsageError):
    """An address below ours that nothing answers at."""


class RequestTooLarge(UsageError):
    """A request with more bytes than any use of the route needs."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(
            "The request is too large.",
            why=f"It has {size / 2**20:.0f} MiB; at most {most / 2**20:.0f} MiB are taken.",
            next="Name a file instead of sending its content.",
            size=size,
            most=most,
        )


class NotLetIn(NootropicError):
    """The server does not know who asks, or does not let them do this; tells nothing of what lies behind."""

    def __init__(self, why: str = "") -> None:
        super().__init__(
            "The Jupyter server does not let this page in.",
            why=why,
            next="Log in again (load the page anew), or ask whoever runs the server for the right to do this.",
        )


class ServerRefusal(NootropicError):
    """A refusal of the Jupyter server itself: a wrong method, a text that is no text, a fault."""


class FolderRefused(UsageError):
    """A folder that is not below the folder which this server serves."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"The folder {path[:200]!r} is refused.",
            why=why,
            next="Name a folder below the one that this Jupyter server serves.",
            path=path[:200],
        )


class WrongAnswer(UsageError):
    """An answer that does not fit its question."""

    def __init__(self, wanted: str) -> None:
        super().__init__("This is no answer to the question.", next=f"Answer with {wanted}.", wanted=wanted)


class NotAsked(NootropicError):
    """An answer to a question that is not open."""

    def __init__(self, number: int) -> None:
        super().__init__(
            "This question is not open any more.",
            why="It was answered elsewhere, nobody answered it in time, or the run has ended.",
            next="Look at the run: it tells what is asked now, and what came of it.",
            question=number,
        )


class Unanswered(NootropicError):
    """A question that nobody answered in time; that is not a no."""

    def __init__(self, question: str, waited_s: float) -> None:
        super().__init__(
            f"Nobody answered within {_span(waited_s)}.",
            why=f"The question was: {question}",
            next="Start it again, and answer where it asks. What was finished before is kept.",
            question=question,
            waited_s=waited_s,
        )


def status_of(error: NootropicError) -> int:
    """400 for a wrong request, 403, 404 for what is not there, 413, 500 for a fault of ours, 409 for a verb's no."""
    if isinstance(error, UnknownVerb | UnknownRun | UnknownRoute):
        return 404
    if isinstance(error, RequestTooLarge):
        return 413
    if isinstance(error, UsageError):
        return 400
    if isinstance(error, NotLetIn):
        return 403
    return 500 if error.code in ("InternalError", "VerbUnavailable") else 409


def refusal(status: int, said: str) -> NootropicError:
    """The error that stands for a refusal which is not of ours.

    :param said: what the server said of it, if anything.
    """
    if status in (401, 403):
        return NotLetIn(said)
    if status >= 500:
        what, then = "The Jupyter server failed.", "Look into its log; then please report it."
    else:
        what, then = f"The Jupyter server refused: {responses.get(status, status)}.", "Load the page anew."
    return ServerRefusal(what, why=said, next=then)


def _span(seconds: float) -> str:
    """``600`` → ``10 minutes``."""
    minutes = seconds / 60
    return f"{minutes:g} minutes" if minutes >= 2 else f"{seconds:g} seconds"
