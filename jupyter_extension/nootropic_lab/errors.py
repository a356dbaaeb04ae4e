"""Refusals of this face, and the HTTP status of every refusal."""

from __future__ import annotations

from nootropic_kernel.workspace.errors import NootropicError, UsageError


class UnknownVerb(UsageError):
    """No provider offers this verb."""


class FolderRefused(UsageError):
    """A folder that is not below the folder which this server serves."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"The folder {path[:200]!r} is refused.",
            why=why,
            next="Name a folder below the one that this Jupyter server serves.",
            path=path[:200],
        )


def status_of(error: NootropicError) -> int:
    """400 for a wrong request, 404 for an unknown verb, 500 for a fault of ours, 409 for what a verb refuses."""
    if isinstance(error, UnknownVerb):
        return 404
    if isinstance(error, UsageError):
        return 400
    return 500 if error.code in ("InternalError", "VerbUnavailable") else 409
