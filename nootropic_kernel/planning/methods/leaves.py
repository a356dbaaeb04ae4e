"""From a step of a decomposition to the task of the plan, and by whom or what it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.methods.htn import Step
from nootropic_kernel.planning.methods.library import Bindings, HowTemplate, fill, holds
from nootropic_kernel.planning.model import Acceptance, Estimate, How, Task
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.repository.recipe_arguments import problem
from nootropic_kernel.planning.schedule.forecast import tokens_of


def task_of(step: Step, task_id: str, story: str, facts: RepositoryFacts, given: set[str]) -> Task:
    """The task of a step.

    :param given: what the tasks before it provide (and ``new:<entity>`` for each class that one of them writes).
    """
    template, bindings = step.template, step.bindings
    low, likely, high = template.hours
    how = how_of(step.template.how, step.bindings, facts, given)
    title = " ".join(str(fill(template.title, bindings)).split())
    how = replace(how, does=title) if how.kind == "recipe" else how
    waits = [item for item in map(str, fill(template.after, bindings)) if item in given]
    files = tuple(dict.fromkeys(filter(None, map(str, fill(template.files, bindings) or ()))))
    return Task(
        id=task_id,
        story=story,
        kind=template.name,
        title=title,
        how=how,
        requires=tuple(dict.fromkeys([*map(str, fill(template.requires, bindings)), *waits])),
        provides=tuple(map(str, fill(template.provides, bindings))),
        files=files,
        estimate=Estimate(likely, low, high, tokens=tokens_of(how, files, likely)),
        acceptance=tuple(
            Acceptance(
                f"AC{number}",
                " ".join(str(fill(entry["text"], bindings)).split()),
                verify=_command(entry, bindings),
            )
            for number, entry in enumerate(template.accept, start=1)
        ),
        body=str(fill(template.body, bindings)),
    )


def _command(entry: Mapping[str, Any], bindings: Bindings) -> str | None:
    """The command that checks an acceptance: as it stands, or the repository's own for a test file or all tests."""
    if entry.get("verify"):
        return str(fill(entry["verify"], bindings)) or None
    path = str(fill(entry.get("test", ""), bindings))
    one, every = str(bindings.get("run_test_file", "")), str(bindings.get("run_tests", ""))
    if not path or not (one or every):
        return None
    return f"{one} {path}" if one and path != "all" else every or None


def how_of(choices: Iterable[HowTemplate], bindings: Bindings, facts: RepositoryFacts, given: set[str]) -> How:
    """The first alternative whose conditions hold and whose arguments fit the repository."""
    state = {"python"} if bindings.get("language", facts.language) in (None, "python") else set()
    reasons: list[str] = []
    for choice in choices:
        if not holds(choice.when, state | given, bindings):
            continue
        found, reason = _try(choice, bindings, facts, given)
        if found is not None:
            return replace(found, why="; ".join(filter(None, [*reasons, found.why]))) if reasons else found
        reasons.append(reason)
    return How("none", why="; ".join(reasons) or "no way of doing it fits this repository")


def _try(choice: HowTemplate, bindings: Bindings, facts: RepositoryFacts, given: set[str]) -> tuple[How | None, str]:
    if choice.kind != "recipe":
        return How(choice.kind, why=str(fill(choice.why, bindings))), ""
    args = fill(choice.args, bindings)
    reason = problem(str(choice.recipe), args, facts, given)
    return (None, reason) if reason else (How("recipe", choice.recipe, args, str(fill(choice.why, bindings))), "")
