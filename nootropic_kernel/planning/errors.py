"""The errors of planning."""

from __future__ import annotations

from nootropic_kernel.workspace.errors import NootropicError, UsageError


class BriefUnusable(UsageError):
    """The brief is empty, too long, or has no word to plan from."""


class MethodsInvalid(NootropicError):
    """A methods file does not follow its format."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(
            f"The methods file {file}.yaml cannot be used.",
            why=problem,
            next="Mend it, or remove the workspace's own file of that name from experiments/methods/.",
            file=file,
        )


class NoWayFound(NootropicError):
    """No method of the library fits the facts."""


class PlanInvalid(NootropicError):
    """A plan breaks a rule that every plan keeps."""


class SpecUnreadable(NootropicError):
    """project-spec.md does not follow its grammar; nothing was changed."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(
            f"project-spec.md cannot be read: line {line}: {problem}",
            why="Nothing in it was changed.",
            next="Mend that line (`git diff project-spec.md` shows what was edited), then run this again.",
            line=line,
            problem=problem,
        )


class SpecForeign(NootropicError):
    """A project-spec.md is there that Nootropic did not write."""

    def __init__(self) -> None:
        super().__init__(
            "There is a project-spec.md here that is not a plan of Nootropic.",
            why='It has no front matter with `schema: "nootropic-plan/1"`; it was left as it is.',
            next="Rename or move it, then plan again.",
        )
