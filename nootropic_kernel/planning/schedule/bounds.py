"""What the limits and technologies of a brief mean for its tasks: files that none changes, words that a model reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from nootropic_kernel.planning.model import Acceptance, How, Task
from nootropic_kernel.planning.reading.limits import CHECKED, LEAVE_OUT, Limit
from nootropic_kernel.planning.reading.tokens import ARTICLES
from nootropic_kernel.planning.reading.wording import singular
from nootropic_kernel.planning.repository.facts import RepositoryFacts, is_test

_SORTS = {
    "notebook": r".*\.ipynb",
    "readme": r"readme(\.\w+)?",
    "gitignore": r"\.gitignore",
    "ci": r"\.github/.*",
    "workflow": r"\.github/.*",
    "doc": r"docs?/.*",
}


class Bounds:
    """The limits of one brief in one repository."""

    def __init__(self, limits: Sequence[Limit], facts: RepositoryFacts, technologies: Sequence[str] = ()) -> None:
        self.technologies = tuple(technologies)
        self.sentences = [limit.sentence() for limit in limits]
        self._to_check = [text for text in self.sentences if text.startswith(CHECKED)]
        self._patterns: list[re.Pattern[str]] = []
        self._paths: set[str] = set()
        self._partly: set[str] = set()
        self._no_tests = False
        self._left_out = [_plain(" ".join(limit.words)) for limit in limits if limit.kind == LEAVE_OUT]
        for limit in limits:
            if limit.kind in ("leave alone", "leave out"):
                for word in limit.words:
                    self._add(word.strip("`").removesuffix("()"), limit.kind, facts)

    def forbid(self, path: str) -> bool:
        """Whether the brief says that this file is to be left alone."""
        found = path in self._paths or any(pattern.fullmatch(path) for pattern in self._patterns)
        return found or (self._no_tests and is_test(path))

    def leave_out(self, title: str) -> bool:
        """Whether the brief says that there is to be no such thing: `no server part`, for the story of that name."""
        return _plain(title) in self._left_out

    def keep(self, task: Task) -> Task:
        """The task within the limits: no forbidden file, and no recipe that would change one anyway."""
        files = tuple(path for path in task.files if not self.forbid(path))
        how = task.how
        crossing = len(files) < len(task.files) or bool(self._partly & set(task.files))
        if crossing and how.kind == "recipe":
            how = How("model", why=f"the recipe {how.recipe} could change what the brief says to leave alone")
        acceptance = task.acceptance
        if how.kind in ("model", "person") and task.files:
            acceptance = (*acceptance, *self._checks(len(acceptance)))
        body = task.body
        if (self.sentences or self.technologies) and how.kind in ("model", "person"):
            body = "\n\n".join(filter(None, [body, *self._lines()]))
        return replace(task, files=files, how=how, body=body, acceptance=acceptance)

    def _checks(self, known: int) -> Iterable[Acceptance]:
        """What no other check covers: whoever reviews the task looks whether it keeps to it."""
        return (Acceptance(f"AC{number}", text) for number, text in enumerate(self._to_check, start=known + 1))

    def _lines(self) -> Iterable[str]:
        if self.technologies:
            yield f"Technology: {', '.join(self.technologies)}."
        if self.sentences:
            yield f"Limits: {'; '.join(self.sentences)}."

    def _add(self, word: str, kind: str, facts: RepositoryFacts) -> None:
        plain = singular(word.lower())
        if plain in _SORTS:
            self._patterns.append(re.compile(_SORTS[plain], re.I))
        if plain == "test":
            if kind == "leave out":
                self._no_tests = True
            self._paths.update(path for path in facts.paths if is_test(path))
        if kind != "leave alone":
            return
        holding = {module.path for module in facts.defining(word)} | {
            path for path, module in facts.modules.items() if word in module.inner
        }
        self._partly |= holding  # a name in a file: the rest of the file may change
        self._paths.update(path for path in facts.places(word) if path not in holding)
        for path in facts.paths:
            pure = PurePosixPath(path)
            if word.lower() in {part.lower() for part in pure.parts} | {pure.stem.lower()}:
                self._paths.add(path)


def _plain(phrase: str) -> frozenset[str]:
    """The words of a phrase in the singular, without articles."""
    return frozenset(singular(word) for word in re.findall(r"\w+", phrase.lower())) - ARTICLES
