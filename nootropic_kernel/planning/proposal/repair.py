"""From the library's plan and a model's proposal to one sound plan: what is valid in the proposal survives.

The library's plan is the base, and no task of it is lost. In this order: names of artifacts are brought to known
ones, tasks are matched with the base and numbered anew, producers that are missing come from the library, who waits
for whom follows from artifacts again, and what the model wants beside that is kept unless it closes a circle.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel.planning.healing.amend import WITH_MODEL
from nootropic_kernel.planning.healing.situation import Ground
from nootropic_kernel.planning.methods.htn import Step
from nootropic_kernel.planning.methods.leaves import task_of
from nootropic_kernel.planning.model import CLOSED, Acceptance, Epic, Estimate, How, Plan, Story, Task, next_number
from nootropic_kernel.planning.proposal.document import Draft, Finding, Outcome, Proposal, read_proposal
from nootropic_kernel.planning.proposal.links import Links, Place
from nootropic_kernel.planning.proposal.names import Names, plain, share_a_word, title_likeness
from nootropic_kernel.planning.proposal.schema import OWN_KIND, Vocabulary, vocabulary
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.retime import GONE
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.validate import check

_EPIC = "Proposed by a model"
_SAME_TITLE = 0.85  # how alike the titles of two tasks are that are taken for the same


@dataclass(frozen=True)
class Repaired:
    """The plan, and what had to be mended or left out of the proposal."""

    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def lost(self) -> tuple[Finding, ...]:
        """What of the proposal is not in the plan."""
        return tuple(finding for finding in self.findings if finding.outcome == "left out")


def repaired(
    document: Any, base: Plan, ground: Ground, words: Vocabulary | None = None, frozen: Container[str] = ()
) -> Repaired:
    """The base plan with what a proposal adds and changes.

    :param frozen: tasks that stay as they are: they were begun, finished, given up or locked.
    :raises ProposalRefused: when nothing in it can be used.
    """
    proposal = read_proposal(document)
    return _Repair(proposal, base, ground, words or vocabulary(base, ground), frozen).done()


class _Repair:
    def __init__(
        self, proposal: Proposal, base: Plan, ground: Ground, words: Vocabulary, frozen: Container[str]
    ) -> None:
        self.proposal, self.base, self.ground, self.words = proposal, base, ground, words
        self.findings = proposal.findings
        self.frozen = {
            task.id for task in base.tasks if task.id in frozen or task.locked or task.status in (*CLOSED, *GONE)
        }
        self.live = [task for task in base.tasks if task.status not in GONE]
        self.places = {task.id: Place(task) for task in base.tasks}
        self.given: set[str] = set()
        self.by_given: dict[str, str] = {}
        self.following = base.next_task()
        self.epics, self.stories = list(base.epics), list(base.stories)
        self.names = Names(words.artifacts)

    def done(self) -> Repaired:
        for draft in self.proposal.drafts:
            draft.provides = self._artifacts(draft, "provides", draft.provides)
        for draft in self.proposal.drafts:
            draft.requires = self._artifacts(draft, "requires", draft.requires)
        for draft in self.proposal.drafts:
            self._place(draft)
        self._tell_left_out()
        self._insert_producers()
        own = {task.id for task in self.base.tasks}
        tasks = Links(self.places, self.by_given, own, self.frozen, self.ground.present, self.findings).linked()
        tasks = self._with_origins(tasks)
        plan = replace(
            self.base, origin=WITH_MODEL, goals=self._goals(), epics=tuple(self.epics), stories=tuple(self.stories),
            tasks=tuple(tasks),
        )  # fmt: skip
        return Repaired(check(canonical(assign(plan, self.frozen))), tuple(dict.fromkeys(self.findings)))

    # ---- names ----------------------------------------------------------------------------------------------------

    def _artifacts(self, draft: Draft, name: str, items: list[str]) -> list[str]:
        """Known artifacts for these; what is made and not known gets a name, what is required and not known is lost."""
        found = []
        for item in items:
            same = self.names.find(item)
            if name == "provides" and (same is None or same.startswith("own:")):
                draft.coined.append(same or self.names.coin(item))
                if same is None:
                    self._found(draft, f"it makes {item[:60]!r}, which nothing here knows; called {draft.coined[-1]!r}")
                continue
            if same is None:
                self._found(draft, f"its {name} names {item[:60]!r}, which nothing here knows", "left out")
            elif same != item:
                self._found(draft, f"its {name} says {item[:60]!r} for {same!r}")
            if same is not None:
                found.append(same)
        return list(dict.fromkeys(found))

    def _goals(self) -> tuple[str, ...]:
        found = []
        for item in self.proposal.goals:
            same = self.names.find(item)
            if same is None:
                self.findings.append(Finding("goals", f"{item[:60]!r} is nothing that a task here makes", "left out"))
            else:
                if same != item:
                    self.findings.append(Finding("goals", f"{item[:60]!r} means {same!r}"))
                found.append(same)
        if len(found) != len(set(found)):
            self.findings.append(Finding("goals", "a goal is there twice"))
        made = {item for place in self.places.values() for item in place.task.provides} | self.ground.present
        for item in dict.fromkeys(found):
            if item not in made:
                self.findings.append(Finding("goals", f"nobody makes {item!r}", "left out"))
        return tuple(dict.fromkeys([*self.base.goals, *(item for item in found if item in made)]))

    # ---- tasks ----------------------------------------------------------------------------------------------------

    def _place(self, draft: Draft) -> None:
        """The draft as a change of a task of the base, or as a new one."""
        if draft.given in self.given:
            self._found(draft, "its id is there twice; the second got another")
        self.given.add(draft.given)
        same = self._same(draft)
        if same is None and not draft.provides and title_likeness(self.base.title, draft.title) >= _SAME_TITLE:
            self._found(draft, "it is the whole brief once more", "kept")
            return
        if same is not None and (before := self.places[same].draft) is not None:
            self._found(draft, f"it is the same work as {before.given}", "kept")
            self.by_given.setdefault(draft.given, same)
            return
        if same is None:
            same = self._new(draft)
            if same is None:
                return
        elif same in self.frozen:
            self.places[same].draft = draft
            self._found(draft, "it is finished, begun or locked, and stays as it is", "left out")
        else:
            place = self.places[same]
            if draft.kind != place.task.kind:
                self._found(draft, f"its kind is {draft.kind[:40]!r}; {place.task.kind!r} makes what it makes")
            self.places[same] = Place(self._adopted(place.task, draft), draft)
        self.by_given.setdefault(draft.given, same)

    def _same(self, draft: Draft) -> str | None:
        """The task that a draft speaks of, by what it makes, else by its id and kind, else by its title."""
        own = self.places.get(draft.given)
        own = None if own is not None and own.task.status in GONE else own
        gives = set(draft.provides)
        if gives:
            if own is not None and own.task.kind == draft.kind and gives & set(own.task.provides):
                return own.task.id
            exact = [task for task in self.live if task.kind == draft.kind and gives == set(task.provides)]
            shared = [task for task in self.live if task.provides[:1] and task.provides[0] in gives]
            return next((task.id for task in (*exact, *shared)), None)
        if own is not None and own.task.kind == draft.kind != OWN_KIND and share_a_word(own.task.title, draft.title):
            return own.task.id
        if draft.coined or not draft.title:
            return None
        every = [place.task for place in self.places.values() if place.task.status not in GONE]
        alike = max(every, key=lambda task: title_likeness(task.title, draft.title), default=None)
        return alike.id if alike is not None and title_likeness(alike.title, draft.title) >= _SAME_TITLE else None

    def _adopted(self, task: Task, draft: Draft) -> Task:
        """A task with the model's words, hours and checks; how it is done, and what a recipe does, stays."""
        if not draft.title:
            self._found(draft, "it has no title; the library's is taken")
        elif draft.title == task.title or plain(task.title).startswith(plain(draft.title)):
            pass
        elif task.how.kind == "recipe":
            self._found(draft, "a recipe does it, so its title says what the recipe does", "kept")
        elif self._is_anothers(draft.title, task.id):
            self._found(draft, f"its title is that of another task than {task.id}; the library's stays", "left out")
        elif not share_a_word(task.title, draft.title):
            self._found(draft, f"its title says something else than {task.id} makes; the library's stays", "kept")
        else:
            task = replace(task, title=draft.title, origin="model")
        if draft.hours is not None and draft.hours != task.estimate.hours:
            task = replace(task, estimate=_estimate(draft.hours), origin="model")
        if task.how.kind != "recipe" and draft.body and draft.body not in task.body:
            task = replace(task, body="\n\n".join(filter(None, [task.body, draft.body])), origin="model")
        checks = self._checks(task.acceptance, draft)
        if checks != task.acceptance:
            task = replace(task, acceptance=checks, ext=_warned(task.ext, draft), origin="model")
        if task.how.kind == "model" and (files := self._new_files(task, draft)):
            task = replace(task, files=(*task.files, *files), origin="model")
        for item in (*draft.provides, *draft.coined):
            if item not in task.provides:
                self._found(draft, f"it does not make {item!r}", "left out")
        return task

    def _is_anothers(self, title: str, name: str) -> bool:
        """Whether another task of the library is called so."""
        return any(each.id != name and plain(each.title).startswith(plain(title)) for each in self.base.tasks)

    def _new_files(self, task: Task, draft: Draft) -> list[str]:
        return [path for path in draft.files if path not in task.files and self._is_free(path, draft)]

    def _is_free(self, path: str, draft: Draft) -> bool:
        forbidden = self.ground.bounds.forbid(path)
        if forbidden:
            self._found(draft, f"the brief says to leave {path[:60]} alone", "left out")
        return not forbidden

    def _new(self, draft: Draft) -> str | None:
        step = next((self.words.makers[item] for item in draft.provides if item in self.words.makers), None)
        if draft.kind in self.ground.library.tasks:
            step = self.words.steps.get((draft.kind, tuple(draft.provides)), step)
        if step is not None and any(place.task.key == step.key for place in self.places.values()):
            step = None  # the library's task is there; this one makes something of it once more, in its own way
        if draft.kind not in self.words.kinds:
            self._found(draft, f"its kind {draft.kind[:40]!r} is not known")
        if not draft.title and step is None:
            self._found(draft, "it has neither a title nor anything that it makes", "left out")
            return None
        name = self._fresh()
        if step is not None:
            task = self._adopted(self._from_library(step, name, draft.story), draft)
            if draft.kind != task.kind and draft.kind in self.words.kinds:
                self._found(draft, f"its kind is {draft.kind[:40]!r}; {task.kind!r} makes what it makes")
        else:
            task = self._own(draft, name)
        self.places[name] = Place(task, draft)
        self.names.add(task.provides)
        return name

    def _own(self, draft: Draft, name: str) -> Task:
        """A task that only the model knows; it does it, too."""
        how = How("model", why="A model proposed this; no method of the library knows it.")
        made = {item for place in self.places.values() for item in place.task.provides}
        provides = tuple(item for item in (*draft.provides, *draft.coined) if item not in made)
        provides = provides or (self._coined(draft.title),)
        files = tuple(path for path in draft.files if self._is_free(path, draft))
        if draft.files and not files:
            how = How("person", why="The brief says to leave its files alone.")
        task = Task(
            id=name, story=self._story(draft.story, draft),
            kind=draft.kind if draft.kind in self.words.kinds else OWN_KIND, title=draft.title, how=how,
            requires=tuple(item for item in draft.requires if item not in provides), provides=provides, files=files,
            estimate=_estimate(draft.hours) if draft.hours else Estimate(basis="model"),
            acceptance=self._checks((), draft) or (Acceptance("AC1", f"It can be seen: {draft.title}"),),
            origin="model", ext=_warned({}, draft), body=draft.body,
        )  # fmt: skip
        return self.ground.bounds.keep(task)

    def _from_library(self, step: Step, name: str, story: str) -> Task:
        given = {item for place in self.places.values() for item in place.task.provides}
        given |= {f"new:{item.removeprefix('entity:')}" for item in given if item.startswith("entity:")}
        task = task_of(step, name, self._story(story), self.ground.facts, given)
        return self.ground.bounds.keep(replace(task, origin="model"))

    def _checks(self, known: tuple[Acceptance, ...], draft: Draft) -> tuple[Acceptance, ...]:
        said = {plain(each.text) for each in known}
        following = next_number(each.id for each in known)
        added: list[Acceptance] = []
        for text, command in draft.acceptance:
            if plain(text) not in said:
                said.add(plain(text))
                added.append(Acceptance(f"AC{following + len(added)}", text, verify=command))
        return (*known, *added)

    def _story(self, title: str, draft: Draft | None = None) -> str:
        """A story of that id or title, a new one below an epic of the model's own, or the one of what is required."""
        for story in self.stories:
            if title and (title == story.id or plain(title) == plain(story.title)):
                return story.id
        if not title and draft is not None:
            makers = [place.task for place in self.places.values() if set(place.task.provides) & set(draft.requires)]
            if makers:
                return makers[0].story
        epic = next((epic for epic in self.epics if epic.title == _EPIC), None)
        if epic is None:
            epic = Epic(f"E{next_number(each.id for each in self.epics)}", _EPIC)
            self.epics.append(epic)
        wanted = title or "More"
        own = next((story for story in self.stories if story.epic == epic.id and story.title == wanted), None)
        if own is None:
            own = Story(f"S{next_number(each.id for each in self.stories)}", epic.id, wanted)
            self.stories.append(own)
        return own.id

    def _coined(self, title: str) -> str:
        slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:40] or "work"
        name, number = f"own:{slug}", 1
        made = {item for place in self.places.values() for item in place.task.provides}
        while name in made:
            number += 1
            name = f"own:{slug}-{number}"
        return name

    def _fresh(self) -> str:
        name = f"T{self.following}"
        self.following += 1
        return name

    def _tell_left_out(self) -> None:
        missing = [task.id for task in self.live if self.places[task.id].draft is None]
        if missing:
            names = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
            self.findings.append(Finding("", f"it does not name {names} of the library; they stay", "kept"))

    # ---- who waits for whom ---------------------------------------------------------------------------------------

    def _insert_producers(self) -> None:
        """Tasks of the library for what new tasks require and nobody makes; what nobody can make is not required."""
        open_ = [name for name, place in self.places.items() if place.task.origin != "library"]
        while open_:
            name = open_.pop()
            place = self.places[name]
            kept = []
            for item in place.task.requires:
                made = {each for other in self.places.values() for each in other.task.provides}
                if item not in made | self.ground.present:
                    if item not in self.words.makers:
                        self._found(place.draft, f"it requires {item!r}, which nobody makes", "left out")
                        continue
                    new = self._fresh()
                    task = replace(self._from_library(self.words.makers[item], new, ""), origin="repaired")
                    self.places[new] = Place(task)
                    self._found(place.draft, f"nobody made {item!r}, which it requires; the library's {new} does")
                    open_.append(new)
                kept.append(item)
            if len(kept) < len(place.task.requires):
                place.task = replace(place.task, requires=tuple(kept))

    def _with_origins(self, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
        return tuple(
            replace(task, origin="repaired") if task.origin == "model" and self._was_mended(task.id) else task
            for task in tasks
        )

    def _was_mended(self, name: str) -> bool:
        draft = self.places[name].draft
        return draft is not None and draft.mended

    def _found(self, draft: Draft | None, problem: str, outcome: Outcome = "mended") -> None:
        if draft is not None and outcome != "kept":
            draft.mended = True
        self.findings.append(Finding(draft.given if draft is not None else "", problem, outcome))


def _estimate(hours: float) -> Estimate:
    return Estimate(hours, round(hours / 2, 6), round(hours * 2, 6), "model")


def _warned(ext: dict[str, Any], draft: Draft) -> dict[str, Any]:
    return {**ext, "warnings": [*ext.get("warnings", []), *draft.warnings]} if draft.warnings else ext
