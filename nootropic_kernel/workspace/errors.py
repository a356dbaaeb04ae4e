"""The errors of Nootropic: each tells what happened, why, and what to do next."""

from __future__ import annotations

import copyreg
from typing import Any, Self


class NootropicError(Exception):
    """An error that a person can act on.

    ``what`` happened, ``why`` (may be empty), ``next`` (what to do; may be empty) and ``data`` for programs. Where a
    notebook's cell does it another way than a terminal, ``in_cell`` says how.
    """

    in_cell = ""

    def __init__(self, what: str, *, why: str = "", next: str = "", **data: Any) -> None:
        self.what = what
        self.why = why
        self.next = next
        self.data = data
        super().__init__(what)

    def told_in_cell(self) -> Self:
        """The same error for whoever reads it in a notebook."""
        self.next = self.in_cell or self.next
        return self

    @property
    def code(self) -> str:
        """The stable name of this kind of error."""
        return type(self).__name__

    def __str__(self) -> str:
        return " ".join(_sentence(part) for part in (self.what, self.why, self.next) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses choose their own constructors, so pickling restores the attributes instead of calling them.
        return (copyreg.__newobj__, (type(self),), {**self.__dict__, "args": self.args})  # type: ignore[attr-defined]

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        self.__dict__.update({key: value for key, value in (state or {}).items() if key != "args"})
        self.args = (state or {}).get("args", ())

    def to_json(self) -> dict[str, Any]:
        """The error as a JSON document part."""
        return {"type": self.code, "what": self.what, "why": self.why, "next": self.next, "data": self.data}


class UsageError(NootropicError):
    """The request itself is wrong: an unknown verb or option, a bad or missing value."""


class Interrupted(NootropicError):
    """The person stopped the work; what was finished before is kept."""

    def __init__(self, what: str = "Stopped.", **data: Any) -> None:
        super().__init__(what, why="You interrupted it; nothing was written.", next="Run it again to go on.", **data)


class PathRefused(NootropicError):
    """A path that no change may touch: outside the root, Git's or our own state, ignored, or secret."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The path {path!r} is refused.",
            why=reason,
            next="Choose a file inside the repository that Git tracks or may track.",
            path=path,
            reason=reason,
        )


class WorkspaceUnusable(NootropicError):
    """The workspace's folder or state cannot be used (read-only, damaged, made by a newer version)."""


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":", "`")) else text + "."
