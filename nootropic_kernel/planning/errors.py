"""The errors of planning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


class HddlInvalid(NootropicError):
    """A file does not follow HDDL, or asks for a part of it that is not supported."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(
            f"{file}, line {line}, cannot be read as HDDL.",
            why=f"There {problem}.",
            next="Mend that line; HDDL is described at https://ojs.aaai.org/index.php/AAAI/article/view/6542.",
            file=file,
            line=line,
        )


class NoWayFound(NootropicError):
    """No method of the library fits the facts."""


class PlanInvalid(NootropicError):
    """A plan breaks a rule that every plan keeps."""


class PatchInvalid(NootropicError):
    """A patch of the plan does not follow its format, or does not fit the plan."""

    def __init__(self, problem: str) -> None:
        super().__init__("The patch of the plan cannot be applied.", why=f"In it {problem}. Nothing was changed.")


class PatchStale(NootropicError):
    """The plan moved on since the patch was made."""

    def __init__(self, base: int, current: int) -> None:
        super().__init__(
            f"The plan is at revision {current} now; the patch was made for revision {base}.",
            why="Somebody changed the plan in between; nothing was changed now.",
            next="Look at `noo board`, then replan again.",
            base_revision=base,
            revision=current,
        )


class Unrepairable(NootropicError):
    """No method of the library is left that would provide what the plan still needs."""

    def __init__(self, task: str, missing: Iterable[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(
            f"The plan cannot be repaired around {task}: no untried way is left.",
            why=f"Nothing else provides {', '.join(self.missing)}." if self.missing else "",
            next='Do it by hand and set its status to "done" in project-spec.md, edit the brief (`noo plan --amend`), '
            "or add a way to experiments/methods/.",
            task=task,
            missing=list(self.missing),
        )


class NoCheaperWay(NootropicError):
    """A task is over budget, and every other way of doing it takes as long or longer."""

    def __init__(self, task: str, hours: float, over: float, over_usd: float = 0.0) -> None:
        above = f" The plan is {over:g} hours above its budget." if over > 0 else ""
        above += f" It is {over_usd:.2f} US dollars above its budget." if over_usd > 0 else ""
        super().__init__(
            f"There is no cheaper way around {task}.",
            why=f"Every untried way takes {hours:g} hours or more, or costs as much or more.{above}",
            next='Set the status of a story\'s tasks to "deferred" in project-spec.md, or raise the budget there.',
            task=task,
            over_hours=over,
            over_usd=over_usd,
        )


class RepairUnsound(NootropicError):
    """A change of the plan would break a property that every change keeps; it is refused, with what breaks it."""

    def __init__(self, wrong: Sequence[str]) -> None:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        super().__init__(
            "The plan was not changed: the change would not be sound.",
            why=f"{'; '.join(wrong[:5])}{more}.",
            next="Mend what it names in project-spec.md (`noo spec --validate` checks the file), then run this again.",
            violations=list(wrong),
        )


class OptimiserMissing(NootropicError):
    """The solver for shorter schedules is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The solver for shorter schedules is not installed.",
            why="It is an extra of its own (OR-Tools, 80 MB); the plan keeps the schedule that it has.",
            next='Install it with `pip install "nootropic[opt]"`, then say this again.',
        )


class TooLarge(NootropicError):
    """More tasks may move than the solver is good for."""

    def __init__(self, tasks: int, most: int) -> None:
        super().__init__(
            f"{tasks} tasks are too many for the solver; it takes up to {most}.",
            why="Beyond that it gains nothing within seconds; the plan keeps the schedule that it has.",
            next="Go on with the plan as it is: tasks that are done, begun or locked do not count.",
            tasks=tasks,
        )


class UndoRefused(NootropicError):
    """A replan cannot be taken back: its tasks were worked on or changed since."""


class ProposalRefused(NootropicError):
    """Nothing in a model's proposal for a plan can be used; ``reason`` says why in a clause."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            "The model's proposal for the plan cannot be used.",
            why=f"{reason[:1].upper()}{reason[1:]}.",
            next="The plan of the library stands. Plan with another model, or without one.",
        )


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


class SpecConflict(NootropicError):
    """Two edits of project-spec.md made at once changed the same thing in two ways; the file stays as it is."""

    def __init__(self, conflicts: Sequence[str]) -> None:
        more = f"; and {len(conflicts) - 10} more" if len(conflicts) > 10 else ""
        super().__init__(
            "project-spec.md was changed in two ways at once.",
            why=f"{'; '.join(conflicts[:10])}{more}. The first was decided here, the second stands in the file.",
            next="Nothing was written. Set these to the first value in project-spec.md and run this again; "
            "what you change after that is kept.",
            conflicts=list(conflicts),
        )


class SpecForeign(NootropicError):
    """A project-spec.md is there that Nootropic did not write."""

    def __init__(self) -> None:
        super().__init__(
            "There is a project-spec.md here that is not a plan of Nootropic.",
            why='It has no front matter with `schema: "nootropic-plan/1"`; it was left as it is.',
            next="Rename or move it, then plan again.",
        )
