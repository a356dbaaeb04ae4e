"""project-spec.md edited by verbs and by an editor at once: nothing that either wrote is lost, kill -9 included."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_plan, plan_brief
from nootropic_kernel.agents.spec_edits import SpecUnsaved, edit_spec
from nootropic_kernel.agents.spec_file import NoPlan
from nootropic_kernel.planning.errors import PlanInvalid, SpecConflict, SpecUnreadable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import read
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"


@pytest.fixture
def database(workspace: Workspace, database: StateDatabase) -> StateDatabase:
    """With the plan of a blog."""
    plan_brief(workspace, database, "Build a blog platform")
    return database


def titled(task: str, title: str) -> Callable[[Plan], Plan]:
    def change(plan: Plan) -> Plan:
        assert plan.task(task)
        return replace(plan, tasks=tuple(replace(t, title=title) if t.id == task else t for t in plan.tasks))

    return change


def text_of(workspace: Workspace) -> str:
    return (workspace.root / SPEC).read_text()


def by_hand(workspace: Workspace, old: str, new: str) -> None:
    text = text_of(workspace)
    assert old in text
    (workspace.root / SPEC).write_text(text.replace(old, new, 1))


def test_an_edit_is_one_commit_that_says_what_and_why(workspace: Workspace, database: StateDatabase) -> None:
    done = edit_spec(workspace, database, titled("T2", "Something else"), "Maria wants it that way")
    assert done.commit == git(workspace.root, "rev-parse", "HEAD")
    assert (done.before.revision, done.plan.revision, done.plan.parent_revision) == (1, 2, 1)
    message = git(workspace.root, "log", "-1", "--format=%B")
    assert message.startswith("Maria wants it that way\n\nT2 title: ") and '→ "Something else"' in message
    assert git(workspace.root, "show", "--name-only", "--format=", "HEAD") == SPEC
    assert git(workspace.root, "status", "--porcelain") == ""
    (event,) = journal.events(database.read(), kind="plan.edited")
    assert event.data["why"] == "Maria wants it that way" and event.data["revision"] == 2
    again = edit_spec(workspace, database, titled("T2", "Something else"), "Once more")
    assert (again.commit, again.plan) == (None, done.plan)


def test_what_cannot_be_is_refused_and_nothing_is_written(workspace: Workspace, database: StateDatabase) -> None:
    before = text_of(workspace)

    def circle(plan: Plan) -> Plan:
        later = next(task for task in plan.tasks if plan.tasks[0].id in task.depends_on)
        return replace(plan, tasks=(replace(plan.tasks[0], depends_on=(later.id,)), *plan.tasks[1:]))

    with pytest.raises(PlanInvalid) as refused:
        edit_spec(workspace, database, circle, "x")
    assert "circle" in str(refused.value)
    with pytest.raises(SpecUnsaved):
        edit_spec(workspace, database, titled("T2", "x"), "x", {SPEC})
    assert text_of(workspace) == before
    (workspace.root / SPEC).unlink()
    with pytest.raises(NoPlan):
        edit_spec(workspace, database, titled("T2", "x"), "x")


def test_an_editor_that_saves_while_a_verb_works_loses_nothing(workspace: Workspace, database: StateDatabase) -> None:
    def change(plan: Plan) -> Plan:
        by_hand(workspace, "### S1 · Posts\n", "### S1 · Posts\n\nAsk Maria first.\n")
        return titled("T2", "Mine")(plan)

    done = edit_spec(workspace, database, change, "x")
    assert read(text_of(workspace)).plan == done.plan
    assert done.plan.task("T2") is not None and "· Mine\n" in text_of(workspace)
    assert done.plan.stories[0].body == "Ask Maria first."
    assert any("saved meanwhile" in note for note in done.notes)


def test_the_same_thing_changed_twice_is_told_with_both_values(workspace: Workspace, database: StateDatabase) -> None:
    title = read(text_of(workspace)).plan.tasks[1].title

    def change(plan: Plan) -> Plan:
        by_hand(workspace, f"#### T2 · {title}\n", "#### T2 · Theirs\n")
        return titled("T2", "Mine")(plan)

    with pytest.raises(SpecConflict) as refused:
        edit_spec(workspace, database, change, "x")
    assert refused.value.data["conflicts"] == ['T2 title: "Mine" and "Theirs"']
    assert "#### T2 · Theirs\n" in text_of(workspace) and read(text_of(workspace)).plan.revision == 1
    assert edit_spec(workspace, database, titled("T2", "Mine"), "x").plan.task("T2") is not None


def test_half_a_file_saved_meanwhile_stays_as_it_is(workspace: Workspace, database: StateDatabase) -> None:
    def change(plan: Plan) -> Plan:
        by_hand(workspace, 'status: "pending"', "status: pend")
        return titled("T2", "Mine")(plan)

    with pytest.raises(SpecUnreadable):
        edit_spec(workspace, database, change, "x")
    assert "status: pend\n" in text_of(workspace) and "· Mine" not in text_of(workspace)


def test_an_old_revision_saved_over_a_new_one_is_merged(workspace: Workspace, database: StateDatabase) -> None:
    buffer = text_of(workspace)
    edit_spec(workspace, database, titled("T2", "By the board"), "x")
    (workspace.root / SPEC).write_text(buffer.replace("### S1 · Posts\n", "### S1 · Posts of the blog\n"))
    shown = current_plan(workspace, database)
    assert [shown.plan.stories[0].title, shown.plan.tasks[1].title] == ["Posts of the blog", "By the board"]
    assert any("saved over revision 2" in note for note in shown.notes)
    assert "By the board" not in text_of(workspace), "reading writes nothing"
    done = edit_spec(workspace, database, titled("T3", "Next"), "y")
    assert [task.title for task in done.plan.tasks[1:3]] == ["By the board", "Next"]
    assert done.plan.stories[0].title == "Posts of the blog" and done.plan.revision == 4
    subjects = git(workspace.root, "log", "-2", "--format=%s").splitlines()
    assert subjects == ["y", "Bring together edits of project-spec.md (revision 3)"]


def test_who_goes_back_on_purpose_is_not_overruled(workspace: Workspace, database: StateDatabase) -> None:
    edit_spec(workspace, database, titled("T2", "By the board"), "x")
    git(workspace.root, "revert", "--no-edit", "HEAD")
    by_hand(workspace, "### S1 · Posts\n", "### S1 · Posts of the blog\n")
    done = edit_spec(workspace, database, titled("T3", "Next"), "y")
    assert done.plan.tasks[1].title != "By the board" and done.plan.stories[0].title == "Posts of the blog"


def test_two_processes_edit_one_after_the_other(workspace: Workspace, database: StateDatabase) -> None:
    tasks = [task.id for task in read(text_of(workspace)).plan.tasks[:4]]

    def edit(task: str) -> None:
        own = StateDatabase.open(workspace)
        edit_spec(workspace, own, titled(task, f"New {task}"), task)
        own.close()

    threads = [threading.Thread(target=edit, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plan = read(text_of(workspace)).plan
    assert plan.revision == 5 and [task.title for task in plan.tasks[:4]] == [f"New {task}" for task in tasks]


# ---- interleavings ----------------------------------------------------------------------------------------------

_DOOMED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from nootropic_kernel.agents import spec_edits
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
root, moment, name, task, title = sys.argv[1:]
def dying(function):
    def then(*args, **options):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = function(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    return then
setattr(spec_edits, name, dying(getattr(spec_edits, name)))
workspace = Workspace.find(Path(root))
change = lambda plan: replace(plan, tasks=tuple(replace(t, title=title) if t.id == task else t for t in plan.tasks))
spec_edits.edit_spec(workspace, StateDatabase.open(workspace), change, title)
"""
_MOMENTS = [("before", "replace_file"), ("after", "replace_file"), ("before", "commit_plan"), ("after", "commit_plan")]


class _Bench:
    """Verbs and one editor over the same file; every edit is another field, so none may be lost."""

    def __init__(self, workspace: Workspace, database: StateDatabase, rng: random.Random) -> None:
        self.workspace, self.database, self.rng = workspace, database, rng
        self.path = workspace.root / SPEC
        self.buffer = self.path.read_text()
        plan = read(self.buffer).plan
        self.tasks = [task.id for task in plan.tasks]
        self.places = [story.id for story in plan.stories] + self.tasks
        self.titles: dict[str, str] = {}
        self.unsure: dict[str, str] = {}
        self.written: list[str] = []
        self.saved = 0
        self.count = 0

    def step(self, kill: bool) -> None:
        self.count += 1
        work = [self.verb, self.verb, self.type, self.type, self.save, self.reopen, self.verb_and_save]
        self.rng.choice([*work, self.doomed, self.doomed] if kill else work)()

    def verb(self) -> None:
        task, title = self.rng.choice(self.tasks), f"Verb {self.count}"
        edit_spec(self.workspace, self.database, titled(task, title), title)
        self.titles[task] = title
        self.unsure.pop(task, None)

    def doomed(self) -> None:
        task, title = self.rng.choice(self.tasks), f"Killed {self.count}"
        moment, name = self.rng.choice(_MOMENTS)
        command = [sys.executable, "-c", _DOOMED, str(self.workspace.root), moment, name, task, title]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        read(self.path.read_text())  # never half a file
        if f"· {title}\n" in self.path.read_text():
            self.titles[task] = title
            self.unsure.pop(task, None)
        else:
            self.unsure[task] = title  # nobody was told that it was done; it may be

    def type(self) -> None:
        line = f"Typed {self.count}."
        lines = self.buffer.split("\n")
        name = self.rng.choice(self.places)
        heading = next(index for index, text in enumerate(lines) if f" {name} · " in text)
        lines.insert(heading + 1, line)
        self.buffer = "\n".join(lines)
        self.written.append(line)

    def save(self) -> None:
        if self.saved == len(self.written):
            return  # nothing to save
        self.path.write_text(self.buffer)
        self.saved = len(self.written)

    def reopen(self) -> None:
        """As editors do for a file that changed: what was not saved is let go."""
        del self.written[self.saved :]
        self.buffer = self.path.read_text()

    def verb_and_save(self) -> None:
        task, title = self.rng.choice(self.tasks), f"Verb {self.count}"

        def change(plan: Plan) -> Plan:
            self.save()
            return titled(task, title)(plan)

        edit_spec(self.workspace, self.database, change, title)
        self.titles[task] = title
        self.unsure.pop(task, None)


def interleaved(workspace: Workspace, database: StateDatabase, seed: int, steps: int, *, kill: bool) -> None:
    bench = _Bench(workspace, database, random.Random(seed))
    for _ in range(steps):
        bench.step(kill)
    bench.reopen()
    bench.count += 1
    bench.verb()  # whoever writes next brings together what is left
    text = text_of(workspace)
    plan = read(text).plan
    found = {task.id: task.title for task in plan.tasks}
    for task, title in bench.titles.items():
        assert found[task] in (title, bench.unsure.get(task)), seed
    for line in bench.written:
        assert text.count(line) == 1, (seed, line)
    assert git(workspace.root, "status", "--porcelain") == ""
    subjects = git(workspace.root, "log", "--format=%s").splitlines()
    told = [subject for subject in subjects if subject.startswith(("Verb", "Killed"))]
    assert len(told) == len(set(told)), "no edit is committed twice"


@pytest.mark.parametrize("seed", range(2))
def test_verbs_and_an_editor_at_once(workspace: Workspace, database: StateDatabase, seed: int) -> None:
    interleaved(workspace, database, seed, 20, kill=False)


@pytest.mark.parametrize("seed", [0])
def test_verbs_an_editor_and_kills(workspace: Workspace, database: StateDatabase, seed: int) -> None:
    interleaved(workspace, database, seed, 12, kill=True)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_interleavings(workspace: Workspace, database: StateDatabase, seed: int) -> None:
    interleaved(workspace, database, seed, 40, kill=True)


def test_killed_right_behind_the_commit_git_takes_nothing_for_a_change_of_yours(repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nkill -9 $(ps -o ppid= -p $PPID)\n")  # of git's: the verb
    hook.chmod(0o755)
    noo = [sys.executable, "-m", "nootropic_kernel.cli"]
    calls = (["plan", "--brief", "Build a blog platform"], ["task", "T2", "--status", "deferred"])
    for call in calls:
        before = git(repo, "rev-parse", "HEAD")
        done = subprocess.run([*noo, *call], cwd=repo, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        for _ in range(100):  # git itself goes on
            if git(repo, "rev-parse", "HEAD") != before:
                break
            time.sleep(0.1)
        assert git(repo, "status", "--porcelain") == ""
    hook.unlink()
    done = subprocess.run(
        [*noo, "task", "T2", "--status", "pending"], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and git(repo, "status", "--porcelain") == ""


def test_a_commit_that_a_hook_refuses_leaves_the_index_as_it_was(workspace: Workspace, database: StateDatabase) -> None:
    hook = workspace.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = edit_spec(workspace, database, titled("T1", "Another title"), "Another title")
    assert done.commit is None and any("not committed" in note for note in done.notes)
    assert git(workspace.root, "diff", "--cached", "--name-only") == ""
