"""How a run ended, and the error of one that could not be confined."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.workspace.errors import NootropicError


class SandboxUnavailable(NootropicError):
    """Code that we did not write cannot be confined on this machine, so it needs a person's own yes."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "Approval required: this command cannot be confined here, so it was not run.",
            why=why,
            next="Install bubblewrap (Debian: `apt-get install bubblewrap`), or run the command yourself.",
        )


@dataclass(frozen=True)
class SandboxResult:
    """How a command ended, and what confined it.

    ``code`` is the command's exit code, minus the signal that ended it, or 124 after the time was up. ``limits`` are
    those that held, in words, and ``unenforced`` what did not hold here. ``stopped_by`` is the limit that ended it,
    empty if none did.
    """

    code: int
    output: str
    errors: str
    level: str
    limits: tuple[str, ...]
    timed_out: bool = False
    unenforced: tuple[str, ...] = ()
    stopped_by: str = ""
