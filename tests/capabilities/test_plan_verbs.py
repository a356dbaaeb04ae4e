"""The verbs plan and spec on real repositories."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import nootropic_kernel
from nootropic_kernel.agents.planner import AmendmentNeeded, NoPlan, SpecUnsaved, current_spec
from nootropic_kernel.capabilities.arguments import parse
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.plan_views import PlanResult
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.capabilities.spec import SpecParams, spec
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.planning.errors import BriefUnusable, PlanInvalid, SpecForeign, SpecUnreadable
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.task_work import propose_for, statuses
from tests.conftest import git
from tests.planning.random_repository import random_brief, random_repository

SPEC = "project-spec.md"

BLOG = "Build a blog platform"


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


def again(session: Session) -> Session:
    """The session of a new process in the same folder."""
    session.close()
    return Session(Workspace.find(session.workspace.root))


def planned(session: Session, brief: str = BLOG, **options: bool) -> PlanResult:
    return plan(PlanParams(brief=brief, **options), session)


def test_a_plan_that_is_written_elsewhere_says_where(
    session: Session, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: in a folder of a repository, the plan was committed at the root, and that was not said."""
    inner = repo / "empty"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert f"committed project-spec.md in {repo}" in planned(session).notes[0]
    assert str(repo) in planned(session).notes[0]
    monkeypatch.chdir(repo)
    assert str(repo) not in planned(session).notes[0]


def test_plan_writes_and_commits_the_spec_and_nothing_else(session: Session, repo: Path) -> None:
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    (repo / "README.md").write_text("# Shelf\n\nunsaved work of mine\n")
    result = planned(session)
    assert result.commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [SPEC]
    assert git(repo, "log", "-1", "--format=%s") == f"Plan: {BLOG}"
    assert git(repo, "status", "--porcelain").splitlines() == [" M README.md", "A  staged.txt"]


def test_the_document_is_epics_with_stories_with_tasks(session: Session) -> None:
    document = json.loads(json.dumps(planned(session).document()))
    task = document["epics"][0]["stories"][0]["tasks"][0]
    assert task["id"] == "T1" and task["title"] and task["depends_on"] == []
    assert task["how"] == {**task["how"], "kind": "recipe", "recipe": "python.entity"}
    assert task["how"]["args"]["package_dir"] == "shelf"
    bundle = PlanResult.bundle(planned(session))
    data = bundle["application/vnd.nootropic.plan+json"]
    assert set(data) >= {"plan", "states", "columns", "mermaid", "critical"}
    assert "```mermaid" in bundle["text/markdown"] and "Critical path" in bundle["text/html"]
    assert "Understood: blog\nNoted: Build, platform" in bundle["text/plain"]


def test_a_brief_can_be_typed_after_the_verb(session: Session) -> None:
    entry = load_registry(session.workspace).entry("plan")
    for words in (["Build a forum"], ["Build", "a", "forum"], ["--brief", "Build a forum"]):
        assert parse(entry, words) == {"brief": "Build a forum"}
    assert parse(entry, ["--amend", "Build a forum"]) == {"brief": "Build a forum", "amend": True}


def test_limits_are_part_of_the_document(session: Session) -> None:
    result = planned(session, "Build a forum, but do not touch the README")
    assert result.document()["limits"] == ["leave alone: README"]
    assert "Limits: leave alone: README" in result.text()
    assert not [t for e in result.epics for s in e.stories for t in s.tasks if "README.md" in t.files]


def test_planning_again_shows_the_plan_and_commits_nothing(session: Session, repo: Path) -> None:
    first = planned(session)
    before, head = (repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")
    for brief in (BLOG, f"  {BLOG}\n", "Build a\n blog   platform"):
        second = planned(again(session), brief)
        assert (second.action, second.commit) == ("shown", None)
        assert second.document()["epics"] == first.document()["epics"]
    assert (repo / SPEC).read_bytes() == before and git(repo, "rev-parse", "HEAD") == head
    assert git(repo, "status", "--porcelain") == ""


def test_the_same_brief_and_files_give_the_same_bytes(tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        rng = random.Random(7)
        repository = random_repository(rng)
        root = repository.write(tmp_path / name)
        session = Session(Workspace.find(root))
        planned(session, random_brief(rng, repository))
        session.close()
        found.add((root / SPEC).read_bytes())
    assert len(found) == 1


def test_an_edited_brief_asks_for_an_amendment(session: Session, repo: Path) -> None:
    planned(session)
    before = (repo / SPEC).read_bytes()
    with pytest.raises(AmendmentNeeded) as asked:
        planned(session, f"{BLOG} with tags")
    assert "`plan --amend`" in str(asked.value) and "%%" not in str(asked.value)  # a terminal has no cells
    assert (repo / SPEC).read_bytes() == before


def test_amending_keeps_ids_and_what_is_done(session: Session, repo: Path) -> None:
    first = planned(session)
    done = propose_for(session, "T1", "shelf/post.py")
    accept(session.workspace, session.database(), [done.id])
    titles = {task.id: task.title for e in first.epics for s in e.stories for task in s.tasks}
    result = planned(session, f"{BLOG} with tags and due dates", amend=True)
    tasks = {task.id: task for e in result.epics for s in e.stories for task in s.tasks}
    assert (result.action, result.revision) == ("amended", 2)
    assert tasks["T1"].status == "done" and tasks["T1"].title == titles["T1"]
    assert set(titles) <= set(tasks)
    assert any("Tag" in task.title for name, task in tasks.items() if name not in titles)
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [SPEC]
    # Restart & Run All: both cells, the old brief's and the amending one's, now show the plan and change nothing.
    head = git(repo, "rev-parse", "HEAD")
    assert planned(session, BLOG).action == "shown"
    assert planned(session, f"{BLOG} with tags and due dates", amend=True).action == "shown"
    assert git(repo, "rev-parse", "HEAD") == head


def test_amending_keeps_what_a_person_wrote_into_the_file(session: Session, repo: Path) -> None:
    planned(session)
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace("### S1 · Posts\n", "### S1 · Posts\n\nAsk Maria first.\n"))
    result = planned(session, f"{BLOG} with tags", amend=True)
    assert "Ask Maria first." in (repo / SPEC).read_text()
    assert any("outside the plan's grammar" in note for note in result.notes)


@pytest.mark.parametrize("brief", ["", "   \n", "…!", "x" * 1_000_000])
def test_unusable_briefs_write_nothing(session: Session, repo: Path, brief: str) -> None:
    with pytest.raises(BriefUnusable):
        planned(session, brief)
    assert not (repo / SPEC).exists()


def test_without_a_plan_the_verbs_say_how_to_get_one(session: Session, repo: Path) -> None:
    # Who asks for it is told so in an answer, and nothing is made to tell it.
    empty = board(BoardParams(or_empty=True), session)
    forms = empty.bundle()
    assert forms[empty.mime]["plan"] is None and "`noo plan --brief" in forms["text/plain"]
    assert "no plan here yet" in forms["text/markdown"] and "no plan here yet" in forms["text/html"]
    assert not (repo / ".nootropic" / "state.db").exists()
    for call in (
        lambda: plan(PlanParams(), session),
        lambda: board(BoardParams(), session),
        lambda: next(NextParams(), session),
        lambda: spec(SpecParams(), session),
        lambda: planned(session, BLOG, amend=True),
    ):
        with pytest.raises(NoPlan) as missing:
            call()
        assert "`noo plan --brief" in missing.value.next


@pytest.mark.parametrize(
    ("face", "told"), [("cli", 'Run `noo plan --brief "…"`.'), ("magic", "Write a brief below `%%noo plan`.")]
)
def test_each_is_told_the_command_of_where_it_asks(session: Session, face: str, told: str) -> None:
    asking = dataclasses.replace(session, face=face)
    with pytest.raises(NoPlan) as missing:
        invoke("board", {}, asking)
    assert str(missing.value) == f"There is no plan here yet. {told}"
    assert invoke("board", {"or_empty": True}, asking).text() == str(missing.value)
    with pytest.raises(NoPlan, match="noo plan") as missing:
        invoke("next", {}, asking)
    assert missing.value.next == told


def test_no_repository(tmp_path: Path) -> None:
    session = Session(Workspace.find(tmp_path))
    result = planned(session)
    assert result.commit is None and (tmp_path / SPEC).exists()
    assert any("no Git repository" in note for note in result.notes)
    assert planned(session).action == "shown"
    session.close()


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    session = Session(Workspace.find(tmp_path))
    assert planned(session).commit == git(tmp_path, "rev-parse", "HEAD")
    assert git(tmp_path, "status", "--porcelain") == ""
    session.close()


def test_detached_head_and_no_identity(session: Session, repo: Path, person_home: Path) -> None:
    git(repo, "checkout", "-q", "--detach")
    (person_home.parent / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    result = planned(session)
    assert result.commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "log", "-1", "--format=%an <%ae>") == "Nootropic <nootropic@localhost>"


def test_a_hook_that_refuses_is_heard_and_the_commit_made_up_for_later(session: Session, repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho no plans on Sundays >&2\nexit 1\n")
    hook.chmod(0o755)
    head = git(repo, "rev-parse", "HEAD")
    result = planned(session)
    assert result.commit is None and any("no plans on Sundays" in note for note in result.notes)
    assert git(repo, "rev-parse", "HEAD") == head and (repo / SPEC).exists()
    hook.unlink()
    assert planned(session).commit == git(repo, "rev-parse", "HEAD")
    assert planned(session).commit is None


def test_a_killed_amendment_is_committed_by_the_next_call(session: Session, repo: Path) -> None:
    planned(session)
    planned(session, f"{BLOG} with tags", amend=True)
    git(repo, "reset", "-q", "--soft", "HEAD~1")
    git(repo, "reset", "-q")
    assert planned(session, f"{BLOG} with tags").commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "status", "--porcelain") == ""


def test_edits_of_the_person_are_not_committed_by_showing(session: Session, repo: Path) -> None:
    planned(session)
    head = git(repo, "rev-parse", "HEAD")
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace('status: "pending"', 'status: "done"', 1))
    result = planned(session)
    assert result.commit is None and git(repo, "rev-parse", "HEAD") == head
    assert statuses(session)["T1"] == "done"


def test_a_merge_in_progress_is_not_concluded(session: Session, repo: Path) -> None:
    (repo / ".git" / "MERGE_HEAD").write_text(git(repo, "rev-parse", "HEAD") + "\n")
    result = planned(session)
    assert result.commit is None and any("merge is in progress" in note for note in result.notes)


def test_an_ignored_spec_is_written_not_committed(session: Session, repo: Path) -> None:
    (repo / ".git" / "info" / "exclude").write_text("*.md\n")
    result = planned(session)
    assert result.commit is None and any("Git ignores it" in note for note in result.notes)


def test_a_foreign_or_broken_spec_is_left_alone(session: Session, repo: Path) -> None:
    for content, error in (
        ("# My own notes\n", SpecForeign),
        ('---\nschema: "nootropic-plan/1"\nid: oops\n---\n', SpecUnreadable),
        ('---\nschema: "nootropic-plan/1"\nid: "x"\n---\n', SpecUnreadable),
    ):
        (repo / SPEC).write_text(content)
        for amend in (False, True):
            with pytest.raises(error):
                planned(session, amend=amend)
        assert (repo / SPEC).read_text() == content
    (repo / SPEC).write_bytes(b'---\nschema: "nootropic-plan/1"\nid: "\xff"\n---\n')
    with pytest.raises(SpecUnreadable) as refused:
        planned(session)
    assert refused.value.data["line"] == 3


def test_a_spec_that_breaks_a_rule_is_refused(session: Session, repo: Path) -> None:
    planned(session)
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace('depends_on: ["T1"]', 'depends_on: ["T99"]', 1))
    with pytest.raises(PlanInvalid) as refused:
        planned(session)
    assert "T99" in str(refused.value)
    checked = spec(SpecParams(validate=True), session)
    assert checked.failed and "T99" in checked.text()


def test_a_link_in_the_place_of_the_spec_is_not_followed(session: Session, repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("theirs\n")
    (repo / SPEC).symlink_to(outside)
    with pytest.raises(PathRefused):
        planned(session)
    assert outside.read_text() == "theirs\n"


def test_unsaved_edits_in_an_open_tab_are_respected(session: Session, repo: Path) -> None:
    session.unsaved = frozenset({SPEC})
    with pytest.raises(SpecUnsaved):
        planned(session)
    assert not (repo / SPEC).exists()


_IN_A_LOCKED_FOLDER = """
import os, sys
from pathlib import Path
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.changes.files import NotWritable
from nootropic_kernel.workspace.location import Workspace

def planned(folder):
    session = Session(Workspace.find(folder))
    plan(PlanParams(brief="Build a blog platform"), session)
    session.close()

base = Path(sys.argv[1])
planned(base / "open")
if os.geteuid() == 0:  # root writes everywhere; what is imported by now can be used by anybody
    os.setgid(65534)
    os.setuid(65534)
os.environ["NOOTROPIC_HOME"] = str(base / "home")
try:
    planned(base / "locked")
except NotWritable as refused:
    print(refused)
"""


def test_a_read_only_folder_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        for folder, mode in ((".", 0o755), ("open", 0o755), ("locked", 0o555), ("home", 0o777)):
            (base / folder).mkdir(exist_ok=True)
            (base / folder).chmod(mode)
        root = str(Path(nootropic_kernel.__file__).parents[1])
        command = [sys.executable, "-c", _IN_A_LOCKED_FOLDER, name]
        environment = {**os.environ, "PYTHONPATH": root}
        done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
        assert f"{SPEC} cannot be written" in done.stdout, done.stderr
        assert not (base / "locked" / SPEC).exists()


def test_two_kernels_planning_at_once_make_one_plan(repo: Path) -> None:
    results: list[PlanResult] = []

    def run() -> None:
        session = Session(Workspace.find(repo))
        results.append(planned(session))
        session.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.action for result in results) == ["made", "shown", "shown"]
    assert git(repo, "rev-list", "--count", "HEAD") == "2"


def test_what_nothing_can_do_says_so_on_the_board(session: Session) -> None:
    planned(session, "Rename nowhere_to_be_found to anything")
    assert statuses(session) == {"T1": "blocked"}
    assert "defines nowhere_to_be_found" in board(BoardParams(), session).text()
    assert next(NextParams(), session).tasks == []


def test_hostile_text_in_a_brief_is_text(session: Session) -> None:
    result = planned(session, 'Build a <script>alert(1)</script> blog "]; click T1 call evil() | `x` {braces}')
    bundle = result.bundle()
    assert "<script>" not in bundle["text/html"] and "<script>" not in bundle["text/markdown"]
    graph = bundle["application/vnd.nootropic.plan+json"]["mermaid"]
    assert all(line.count('"') in (0, 2) for line in graph.splitlines())


def test_a_plan_from_somewhere_else_cannot_steer_the_terminal(session: Session, repo: Path) -> None:
    planned(session)
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace("Write the Post class", "\x1b]0;owned\x07\x1b[2J Write", 1))
    for shown in (board(BoardParams(), session).text(), plan(PlanParams(), session).text()):
        assert "\x1b" not in shown and "\x07" not in shown


def test_marks_that_turn_words_round_are_kept_and_shown_to_nobody(session: Session, repo: Path) -> None:
    brief = "A blog with posts and \u202estnemmoc\u202c for \u2066readers\u2069"
    result = planned(session, brief)
    assert current_spec(session.workspace).plan.brief == brief
    shown = [result, board(BoardParams(), session), next(NextParams(), session)]
    told = [form for each in shown for name, form in each.bundle().items() if name.startswith("text/")]
    for text in ((repo / SPEC).read_text(), *map(str, told)):
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def test_spec_shows_and_validates(session: Session, repo: Path) -> None:
    planned(session)
    shown = spec(SpecParams(), session)
    assert shown.content == (repo / SPEC).read_text() and not shown.failed
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace('status: "pending"', "status: pending", 1))
    broken = spec(SpecParams(validate=True), session)
    assert broken.failed and broken.problems[0].line == text.split("\n").index('status: "pending"') + 1
