"""Which words of a brief shaped its plan: only those may be called understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nootropic_kernel.planning.model import Task, WordUse
from nootropic_kernel.planning.reading.limits import CHECKED

# Tasks that say the brief's own words, so that whoever does them reads these.
_SAYS = frozenset(
    {"change-edit", "brief-edit", "failing-test", "mend", "fault-shown", "mend-shown", "refactor-edit",
     "refactor-beside", "refactor-whole", "document-other", "migration-inventory", "migration-rewrite",
     "get-default", "train-default", "runs-by-itself", "starts-by-itself", "lab-feature", "lab-action-edit",
     "action-edit", "question-answer", "step-get", "step-clean", "step-compute", "step-train", "step-evaluate",
     "step-plot", "step-keep", "step-model-kept", "change-failing-test", "change-mend", "change-fault-shown",
     "change-mend-shown", "delete-it", "speed-measure", "speed-up", "change-move", "change-upgrade", "change-clean",
     "upgrade-notes", "upgrade-raise", "migration-tests-first", "language-files", "test-shown", "test-mended"}
)  # fmt: skip
# Of these only the title does something with the brief's words: the body repeats all of them.
_QUOTES = frozenset({"get-default", "train-default"})
# Meanings that say something about a word, but that bring no task, field, name or limit by themselves.
_STAYS = (
    "uses ", "left out:", "could be a ", "a day that is past", "what is there now", "several people", "running costs",
    "how soon", "a budget of",
)  # fmt: skip
_LOOK = "look at the result yourself"
_WORD = re.compile(r"[\w'’-]+(?:[.][\w'’-]+)*")
_TELLING = ("to do: ", "a program", "a part of the code")


def shaping(words: Iterable[WordUse], tasks: Sequence[Task]) -> tuple[WordUse, ...]:
    """The words, with those noted only that shaped nothing, and those understood that a task says itself."""
    told = " ".join(
        task.title if task.kind in _QUOTES else f"{task.title} {task.body}" for task in tasks if task.kind in _SAYS
    ).lower()
    said = set(_WORD.findall(told))
    shown = {token for task in tasks for token in _words_of(task)}
    checked = {check.text for task in tasks for check in task.acceptance}
    found: dict[tuple[str, str], WordUse] = {}
    for use in words:
        parts = _WORD.findall(use.text.lower()) or use.text.lower().split()
        if use.verdict in ("not understood", "noted") and _is_told(use, parts, said):
            use = replace(use, verdict="matched", meaning="part of a task, in the brief's own words")
        elif use.meaning.startswith(CHECKED) and use.meaning not in checked:
            use = replace(use, verdict="noted", meaning=f"{use.meaning}: not enforced by any task; {_LOOK}")
        elif use.verdict == "matched" and use.meaning.startswith(_TELLING):
            if _is_told(use, parts, said) or set(parts) <= shown:
                use = replace(use, meaning=f"{use.meaning}; in the title of a task")
            else:
                use = replace(use, verdict="noted")
        found.setdefault((use.text.lower(), use.meaning), use)
    return tuple(found.values())


def _is_told(use: WordUse, parts: list[str], said: set[str]) -> bool:
    return not use.meaning.startswith(_STAYS) and bool(parts) and set(parts) <= said


def _words_of(task: Task) -> Iterable[str]:
    return () if task.kind == "readme-section" else re.findall(r"[\w'’-]+", task.title.lower())
