"""The life of a plan as a state machine: briefs amended, tasks replanned, edited, finished, the file edited by hand.

Each step is one that a person takes on a real project-spec.md in a real Git repository, in any order. Refusals are
fine, if they say what to do next and change nothing. What must hold after every step is in :meth:`PlanLife.check`.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nootropic_kernel.agents.planner import plan_brief
from nootropic_kernel.agents.replanner import replan_task, undo_replan
from nootropic_kernel.agents.run_marks import mark_satisfied
from nootropic_kernel.agents.scheduler import schedule_plan
from nootropic_kernel.agents.task_editor import edit_task, undo_task_edit
from nootropic_kernel.agents.task_states import load_states
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.spec import SpecParams, SpecResult, spec
from nootropic_kernel.planning.edits.task import TaskEdit
from nootropic_kernel.planning.healing.patch import LOG, Event
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.schedule.assign import taken_up
from nootropic_kernel.planning.spec.file import FILE_NAME, dump, read
from nootropic_kernel.planning.spec.records import encode, to_plain
from nootropic_kernel.planning.validate import problems
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

BLOG = "Build a blog platform"
BRIEFS = (
    BLOG,
    f"{BLOG} with tags",
    f"{BLOG} with tags and due dates",
    f"{BLOG} with comments. Two people, 60 hours",
    "Build a blog platform with invoices, and write docs for the books module",
    "Keep records of kettles and quilts",
)
KINDS = ("failed", "blocked", "late", "over-budget", "wrong")
CODE = '"""Books."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n    return sorted(books)\n'

numbers = st.integers(0, 10**6)


def section_of(text: str, name: str) -> str:
    """The part of the file that holds one task."""
    start = text.index(f"\n#### {name} ·") + 1
    ends = [at for level in ("\n## ", "\n### ", "\n#### ") if (at := text.find(level, start)) > 0]
    return text[start : min(ends, default=len(text) - 1) + 1]


def as_bytes(task: Task) -> str:
    return encode(to_plain(task))


def without_traces(plan: Plan, of: Plan) -> Plan:
    """A plan without what taking a change back leaves: cancelled records with their groups, revisions, the log."""
    kept = {each.id for group in (of.epics, of.stories, of.tasks) for each in group}
    return replace(
        plan,
        revision=0,
        parent_revision=None,
        ext={key: value for key, value in plan.ext.items() if key != LOG},
        epics=tuple(each for each in plan.epics if each.id in kept),
        stories=tuple(each for each in plan.stories if each.id in kept),
        tasks=tuple(each for each in plan.tasks if each.id in kept or each.status != "cancelled"),
    )


class PlanLife(RuleBasedStateMachine):
    """One repository with one plan, and what a person does to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="plan-life-")
        self.root = Path(self.folder.name) / "project"
        (self.root / "shelf").mkdir(parents=True)
        (self.root / "shelf" / "__init__.py").write_text("")
        (self.root / "shelf" / "books.py").write_text(CODE)
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "Start")):
            self.git(*words)
        self.session = Session(Workspace.find(self.root))
        self.workspace, self.database = self.session.workspace, self.session.database()
        plan_brief(self.workspace, self.database, BLOG)
        self.ever = {task.id for task in self.plan.tasks}
        self.taken_out: set[str] = set()
        self.counter = 0

    def teardown(self) -> None:
        self.session.close()
        self.folder.cleanup()

    # ---- what is there -----------------------------------------------------------------------------------------

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.rstrip("\n")

    @property
    def path(self) -> Path:
        return self.root / FILE_NAME

    @property
    def plan(self) -> Plan:
        return read(self.path.read_text("utf-8")).plan

    def finished(self, plan: Plan) -> dict[str, str]:
        """The records of finished tasks, as bytes; none of a plan that no verb takes."""
        if problems(plan):
            return {}
        states = load_states(self.workspace, self.database, plan)
        return {task.id: as_bytes(task) for task in plan.tasks if states[task.id].status == "done"}

    def pick(self, number: int, wanted: Callable[[Task], bool] = lambda task: True) -> Task | None:
        found = [task for task in self.plan.tasks if wanted(task)]
        return found[number % len(found)] if found else None

    def checked(self) -> SpecResult:
        return spec(SpecParams(validate=True), self.session)

    # ---- steps of verbs ----------------------------------------------------------------------------------------

    def verb(self, act: Callable[[], Any], *, reopens: bool = False) -> bool:
        """Do something by a verb; whether it was done. A refusal changes nothing and says what to do.

        :param reopens: whether a task that was done may be open afterwards: somebody took that back.
        """
        before, bytes_before, head = self.plan, self.path.read_bytes(), self.git("rev-parse", "HEAD")
        done = self.finished(before)
        try:
            act()
        except NootropicError as refusal:
            assert refusal.why or refusal.next, refusal.what
            assert (self.path.read_bytes(), self.git("rev-parse", "HEAD")) == (bytes_before, head), refusal.what
            return False
        after, text = self.plan, self.path.read_text("utf-8")
        wrote = text.encode("utf-8") != bytes_before
        assert not wrote or dump(after) == text, "what a verb wrote reads back as something else"
        if after.revision != before.revision:
            assert self.git("status", "--porcelain", "--", FILE_NAME) == ""
        known = {task.id for task in before.tasks}
        assert known <= {task.id for task in after.tasks}, "a verb took a task out of the file"
        fresh = {task.id for task in after.tasks} - known
        assert not fresh & self.ever, f"{fresh & self.ever} was given a second time"
        if wrote:
            self.ever |= {task.id for task in after.tasks}
        for name, was in done.items():
            now = after.task(name)
            assert now is not None
            assert reopens or as_bytes(now) == was or taken_up(before_task(before, name)) == now, f"{name} was finished"
        return True

    def and_back(self, act: Callable[[], Any], undo: Callable[[], Any]) -> None:
        """Do it and take it back at once: all is as it was."""
        before = self.plan
        if self.verb(act) and self.plan.revision != before.revision:
            assert self.verb(undo, reopens=True), "what was done just now cannot be taken back"
            after = self.plan
            assert dump(without_traces(after, before)) == dump(without_traces(before, before))

    @rule(number=numbers, back=st.booleans())
    def amend(self, number: int, back: bool) -> None:
        brief = BRIEFS[number % len(BRIEFS)]

        def act() -> None:
            plan_brief(self.workspace, self.database, brief, amend=True)

        self.do(act, self.undo_latest_replan, back)

    @rule(number=numbers, kind=st.sampled_from(KINDS), back=st.booleans())
    def replan(self, number: int, kind: str, back: bool) -> None:
        task = self.pick(number)
        assert task is not None
        self.counter += 1
        event = Event(kind, task.id, f"it broke, {self.counter}")

        def act() -> None:
            replan_task(self.workspace, self.database, event)

        self.do(act, self.undo_latest_replan, back)

    @rule(
        number=numbers, what=st.sampled_from(("title", "hours", "status", "note", "after", "place")), back=st.booleans()
    )
    def edit(self, number: int, what: str, back: bool) -> None:
        task, other = self.pick(number), self.pick(number // 7)
        assert task is not None and other is not None
        self.counter += 1
        statuses = ("done", "deferred", "cancelled", "pending", "blocked", "failed")
        edit = {
            "title": TaskEdit(task.id, title=f"Something else {self.counter}"),
            "hours": TaskEdit(task.id, hours=1.0 + number % 9),
            "status": TaskEdit(task.id, status=statuses[number % len(statuses)], note="by hand"),
            "note": TaskEdit(task.id, note=f"Mind this {self.counter}"),
            "after": TaskEdit(task.id, after=(other.id,)),
            "place": TaskEdit(task.id, place=1),
        }[what]

        def act() -> None:
            edit_task(self.workspace, self.database, edit)

        self.do(act, lambda: undo_task_edit(self.workspace, self.database), back)

    def do(self, act: Callable[[], Any], undo: Callable[[], Any], back: bool) -> None:
        if back:
            self.and_back(act, undo)
        else:
            self.verb(act)

    def undo_latest_replan(self) -> None:
        undo_replan(self.workspace, self.database)

    @rule()
    def take_back_a_replan(self) -> None:
        self.verb(self.undo_latest_replan, reopens=True)

    @rule()
    def take_back_an_edit(self) -> None:
        self.verb(lambda: undo_task_edit(self.workspace, self.database), reopens=True)

    @rule()
    def schedule(self) -> None:
        self.verb(lambda: schedule_plan(self.workspace, self.database))

    @rule(number=numbers)
    def find_done(self, number: int) -> None:
        """A run finds that the repository holds already what a task is to make."""
        if problems(self.plan):
            return
        states = load_states(self.workspace, self.database, self.plan)
        if (task := self.pick(number, lambda each: states[each.id].status == "ready")) is not None:
            mark_satisfied(self.database, self.plan, task.id)

    # ---- edits by hand -----------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        self.path.write_text(text, "utf-8")

    @rule(number=numbers)
    def retitle_by_hand(self, number: int) -> None:
        if (task := self.pick(number)) is not None:
            text, self.counter = self.path.read_text("utf-8"), self.counter + 1
            self.write(text.replace(f"#### {task.id} · {task.title}", f"#### {task.id} · My words {self.counter}"))

    @rule(number=numbers)
    def say_done_by_hand(self, number: int) -> None:
        if (task := self.pick(number, lambda each: each.status == "pending")) is not None:
            text = self.path.read_text("utf-8")
            own = section_of(text, task.id)
            self.write(text.replace(own, own.replace('status: "pending"', 'status: "done"', 1)))

    @rule(number=numbers)
    def write_a_note_by_hand(self, number: int) -> None:
        if (task := self.pick(number)) is not None:
            text = self.path.read_text("utf-8")
            own = section_of(text, task.id)
            self.write(text.replace(own, f"{own.rstrip()}\n\nA note of mine, {number}.\n\n"))

    @rule(number=numbers)
    def add_by_hand(self, number: int) -> None:
        known = self.ever | {task.id for task in self.plan.tasks}
        name = f"T{max(int(each[1:]) for each in known) + 1 + number % 3}"
        others = [task.id for task in self.plan.tasks][: number % 3]
        block = f'```yaml plan\nkind: "mine"\nstatus: "pending"\ndepends_on: {json.dumps(others)}\n```\n'
        self.write(f"{self.path.read_text('utf-8').rstrip()}\n\n#### {name} · Order pizza {number}\n\n{block}")

    @precondition(lambda self: len(self.plan.tasks) > 3)
    @rule(number=numbers)
    def take_out_by_hand(self, number: int) -> None:
        """Mostly a task that nobody waits for; else the file says who does."""
        plan = self.plan
        waited = {other for task in plan.tasks for other in (*task.depends_on, task.supersedes)}
        task = self.pick(number, (lambda each: each.id not in waited) if number % 4 else lambda each: True)
        if task is not None:
            committed = read(self.git("show", f"HEAD:{FILE_NAME}") + "\n").plan.task(task.id)
            text = self.path.read_text("utf-8")
            self.write(text.replace(section_of(text, task.id), ""))
            if committed is not None:
                self.taken_out.add(task.id)

    @rule()
    def throw_edits_by_hand_away(self) -> None:
        self.git("checkout", "--", FILE_NAME)

    # ---- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def check(self) -> None:
        text = self.path.read_text("utf-8")
        plan = read(text).plan
        assert read(dump(plan)).plan == plan
        here = {task.id for task in plan.tasks}
        self.taken_out -= here
        result = self.checked()
        said = result.text()
        for name in self.taken_out:
            assert f"{name} “" in said and "git show" in said, f"{name} was taken out, and nobody says so:\n{said}"
        waits = {other for task in plan.tasks for other in task.depends_on} - here
        assert result.valid or waits, said
        assert all(f"{name}, which is not there" in said for name in waits)


def before_task(plan: Plan, name: str) -> Task:
    task = plan.task(name)
    assert task is not None
    return task
