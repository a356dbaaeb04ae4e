"""`init --brief` in real folders and repositories, killed at any write as well."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import AmendmentNeeded, current_spec
from nootropic_kernel.agents.project_start import PushRefused
from nootropic_kernel.capabilities.accept import AcceptParams, accept
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, InitResult, init
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.redo import RedoParams, redo
from nootropic_kernel.capabilities.undo import UndoParams, undo
from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git
from tests.promises.rooms import environment, noo
from tests.scaffold.started import commits, states, tree

pytestmark = pytest.mark.slow


BLOG = "A blog with posts and comments, no JavaScript, with login"

DOOMED = str(Path(__file__).with_name("doomed_init.py"))


def started(desk: Session, brief: str = BLOG, path: str = "blog", **options: object) -> InitResult:
    return init(InitParams.model_validate({"path": path, "brief": brief, **options}), desk)


def test_a_brief_becomes_a_repository_with_plan_graph_project_and_two_commits(desk: Session) -> None:
    made = started(desk)
    folder = Path(made.root)
    assert commits(folder) == [f"Plan: {BLOG}", "Start the project: Blog (web-application)"]
    assert git(folder, "status", "--porcelain") == ""
    held = tree(folder)
    wanted = {"project-spec.md", "docs/plan.md", "README.md", "LICENSE", "Makefile", ".gitignore", "pyproject.toml"}
    assert wanted | {".github/workflows/ci.yml", ".gitlab-ci.yml", "blog/post.py", "blog/comment_pages.py"} <= set(held)
    assert not any(path.endswith(".js") for path in held)
    assert "```mermaid" in (folder / "docs/plan.md").read_text()
    assert "Ada Tester" in (folder / "LICENSE").read_text()
    assert made.project is not None and made.project.commit == git(folder, "rev-parse", "HEAD")


def test_tasks_that_the_project_does_are_done_by_its_commit_and_the_others_ready(desk: Session) -> None:
    folder = Path(started(desk).root)
    plan_ = current_spec(Workspace.find(folder)).plan
    found = states(folder)
    done = {task.provides[0] for task in plan_.tasks if found[task.id] == "done"}
    assert {"entity:post", "store:comment", "pages:post", "gitignore", "ci"} <= done
    left = {task.id for task in plan_.tasks if found[task.id] != "done"}
    assert {item for name in left for item in plan_.task(name).provides} >= {"accounts", "ability:login"}
    for task in (each for each in plan_.tasks if each.id in left):
        assert found[task.id] == ("pending" if left & set(task.depends_on) else "ready")
    # Git alone says so: without the state folder it is the same.
    subprocess.run(["rm", "-rf", str(folder / ".nootropic")], check=True)
    assert states(folder) == found


def test_of_the_blog_in_the_readme_only_signing_in_is_left(desk: Session) -> None:
    """Regression: stores and pages were made and tested, and the plan asked a model to write them again."""
    brief = "A blog with posts, comments and authors, stored in PostgreSQL, with login, no JavaScript"
    made = started(desk, brief)
    folder = Path(made.root)
    assert made.project is not None
    told = f"Done with it: {', '.join(made.project.tasks)}."
    assert told in (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    found = states(folder)
    left = [task for task in current_spec(Workspace.find(folder)).plan.tasks if found[task.id] != "done"]
    assert {item for task in left for item in task.provides} == {"accounts", "ability:login"}
    assert "bring_up_to_date" in (folder / "tests/test_database.py").read_text(), "migrations are there, with a test"


def test_a_shop_without_accounts_has_baskets_that_can_be_told_apart(desk: Session) -> None:
    """Regression: the customer was left out of the basket, and nothing told one basket from another."""
    brief = "We sell tea online: bags with origin. Customers put bags into a basket. No customer accounts."
    made = started(desk, brief, "tea")
    folder = Path(made.root)
    assert made.project is not None and made.project.action == "written"
    assert "number: int" in (folder / "tea/basket.py").read_text()


def test_no_task_is_done_while_what_it_waits_for_is_to_be_done(desk: Session) -> None:
    brief = "A data pipeline that reads sales.csv, drops duplicates and loads them into SQLite"
    folder = Path(started(desk, brief, "sales").root)
    found = states(folder)
    for task in current_spec(Workspace.find(folder)).plan.tasks:
        if found[task.id] == "done":
            assert {found[name] for name in task.depends_on} <= {"done"}, task.title


def test_a_game_becomes_one_that_can_be_played_and_its_rules_stay_to_be_written(desk: Session) -> None:
    made = started(desk, "a tower defence game for the terminal: towers and creeps", "towers")
    assert made.project is not None and made.project.template == "game"
    folder = Path(made.root)
    played = subprocess.run(
        [sys.executable, "-m", "tower_defence", "--seed", "1"],
        cwd=folder,
        input="d\nq\n",
        capture_output=True,
        text=True,
    )
    assert played.returncode == 0 and "@" in played.stdout, played.stderr
    found, plan_ = states(folder), current_spec(Workspace.find(folder)).plan
    assert {task.kind for task in plan_.tasks if found[task.id] == "ready"} >= {"game-rules"}


def test_a_folder_beside_the_repository_one_is_in_may_be_named_by_dots(desk: Session) -> None:
    git(desk.workspace.root, "init", "--quiet")
    made = started(desk, path="../beside")
    assert Path(made.root) == desk.workspace.root.parent / "beside" and len(commits(Path(made.root))) == 2


def test_in_the_folder_one_stands_in_plan_and_project_are_committed_too(desk: Session) -> None:
    started(desk, path=".")
    assert len(commits(desk.workspace.root)) == 2 and git(desk.workspace.root, "status", "--porcelain") == ""


def test_a_plan_made_before_the_repository_is_committed_with_it_and_only_once(desk: Session) -> None:
    plan(PlanParams(brief=BLOG), desk)
    for _ in range(2):
        init(InitParams(git=True), desk)
        assert git(desk.workspace.root, "ls-tree", "-r", "--name-only", "HEAD") == "project-spec.md"
        assert len(commits(desk.workspace.root)) == 1


def test_running_it_again_changes_nothing(desk: Session) -> None:
    first = started(desk)
    folder = Path(first.root)
    before = git(folder, "rev-parse", "HEAD"), tree(folder), states(folder)
    again = started(desk)
    assert again.project is not None and again.project.action == "there"
    assert (git(folder, "rev-parse", "HEAD"), tree(folder), states(folder)) == before
    assert git(folder, "status", "--porcelain") == ""
    with pytest.raises(AmendmentNeeded):
        started(desk, "A shop with products")


def test_undo_takes_the_project_back_and_its_tasks_are_ready_again_and_redo_brings_both(desk: Session) -> None:
    folder = Path(started(desk).root)
    done = states(folder)
    session = Session(Workspace.find(folder))
    undo(UndoParams(), session)
    assert set(tree(folder)) == {"project-spec.md"}
    assert "done" not in states(folder).values()
    again = started(desk)
    assert again.project is not None and again.project.action == "undone"
    assert "redo" in again.text()
    redo(RedoParams(), session)
    session.close()
    assert states(folder) == done


def test_a_folder_that_is_not_empty_gets_a_proposal_and_keeps_what_it_has(repo: Path, desk: Session) -> None:
    (repo / "README.md").write_text("mine\n")
    before = tree(repo)
    made = started(desk, path=str(repo))
    assert made.project is not None and made.project.action == "proposed" and made.project.proposal
    assert (repo / "README.md").read_text() == "mine\n" and "README.md" in made.project.left
    assert set(tree(repo)) == {*before, "project-spec.md"}
    assert not (repo / "pyproject.toml").exists()


def test_an_accepted_proposal_does_its_tasks_and_a_part_of_it_does_none(desk: Session) -> None:
    folder = desk.workspace.root / "blog"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine\n")
    made = started(desk).project
    assert made is not None and made.action == "proposed" and made.tasks
    assert "done" not in states(folder).values()
    session = Session(Workspace.find(folder))
    accept(AcceptParams(refs=[f"{made.proposal}/README.md"]), session)
    assert "done" not in states(folder).values()
    undo(UndoParams(), session)
    redo(RedoParams(), session)
    assert "done" not in states(folder).values()
    accept(AcceptParams(refs=[str(made.proposal)], allow_executable=True), session)
    session.close()
    assert {task for task, state in states(folder).items() if state == "done"} == set(made.tasks)
    assert (folder / "notes.txt").read_text() == "mine\n"


def test_it_is_pushed_only_when_asked_and_only_where_a_remote_is(desk: Session, tmp_path: Path) -> None:
    bare = tmp_path / "there.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    folder = Path(started(desk).root)
    with pytest.raises(PushRefused, match="origin"):
        started(desk, push=True)
    git(folder, "remote", "add", "origin", str(bare))
    started(desk)
    assert git(bare, "branch", "--list") == ""
    desk.approve = lambda question: False
    with pytest.raises(PushRefused, match="Nothing was pushed"):
        started(desk, push=True)
    assert git(bare, "branch", "--list") == ""
    asked: list[str] = []
    desk.approve = lambda question: not asked.append(question)
    started(desk, push=True)
    assert str(bare) in asked[-1]
    assert git(bare, "rev-parse", "main") == git(folder, "rev-parse", "HEAD")
    started(desk, push=True)  # nothing new: no harm
    second = tmp_path / "second.git"
    git(tmp_path, "init", "--quiet", "--bare", str(second))
    git(folder, "config", "--add", "remote.origin.pushurl", str(bare))
    git(folder, "config", "--add", "remote.origin.pushurl", str(second))
    started(desk, push=True)
    assert str(bare) in asked[-1] and str(second) in asked[-1]  # all that it goes to
    git(folder, "config", "--unset-all", "remote.origin.pushurl")
    git(folder, "remote", "add", "web", "https://ada:s3cret@127.0.0.1:9/x.git")
    with pytest.raises(PushRefused) as caught:
        started(desk, push=True, remote="web")
    assert "https://127.0.0.1:9/x.git" in asked[-1] and "s3cret" not in asked[-1] + str(caught.value)
    git(bare, "update-ref", "-d", "refs/heads/main")
    (bare / "hooks" / "pre-receive").write_text("#!/bin/sh\necho no thanks >&2\nexit 1\n")
    (bare / "hooks" / "pre-receive").chmod(0o755)
    with pytest.raises(PushRefused, match="no thanks"):
        started(desk, push=True)


def test_a_project_within_another_repository_and_options_without_a_brief_are_refused(repo: Path, desk: Session) -> None:
    with pytest.raises(UsageError, match="repository"):
        started(desk, path=str(repo / "inner"))
    assert not (repo / "project-spec.md").exists()
    with pytest.raises(UsageError, match="--brief"):
        init(InitParams(push=True), desk)


@pytest.mark.parametrize("brief", ["", "  ", "??", "within 10 hours"])
def test_a_brief_that_cannot_be_planned_leaves_nothing_behind(brief: str, desk: Session) -> None:
    """Regression: the folder, its repository and its state were made before the brief was looked at."""
    with pytest.raises(BriefUnusable):
        started(desk, brief)
    with pytest.raises(BriefUnusable):
        init(InitParams(brief=brief), desk)
    assert list(desk.workspace.root.iterdir()) == []


def test_a_sort_of_work_that_no_template_makes_is_planned_all_the_same(repo: Path, desk: Session) -> None:
    made = started(desk, "Rename total to sum_of_all", path=str(repo))
    assert made.project is None and "template" in " ".join(made.notes)
    assert (repo / "project-spec.md").exists()


@pytest.mark.parametrize(("brief", "named"), [("A blog in Django", "Django"), ("A shop with React", "React")])
def test_a_technology_that_the_template_lacks_is_said_and_nothing_else_is_made(
    brief: str, named: str, desk: Session
) -> None:
    made = started(desk, brief)
    assert made.project is None and named in " ".join(made.notes)
    assert set(tree(Path(made.root))) == {"project-spec.md"}
    taken = started(desk, brief, template="web-application")
    assert taken.project is not None and taken.project.action == "written"


def kill_at(folder: Path, moment: str, number: int) -> list[str]:
    """`noo init` killed at a write, and run again to its end; the writes that the first process began."""
    folder.mkdir(parents=True)
    words = ("init", "blog", "--brief", "A blog with posts")
    log = folder / "log"
    run = [sys.executable, DOOMED, moment, str(number), str(log), *words]
    done = subprocess.run(run, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == (0 if moment == "never" else -9), done.stderr
    begun = log.read_text().splitlines()
    if done.returncode == -9:
        again = noo(folder, *words)
        assert again.returncode == 0, again.stderr
    return begun


def check_killed(folder: Path, whole: Path) -> None:
    assert tree(folder / "blog") == tree(whole / "blog")
    assert len(commits(folder / "blog")) == 2
    assert git(folder / "blog", "status", "--porcelain") == ""
    left = [path.name for path in (folder / "blog").rglob("*draft*") if ".git" not in path.parts]
    assert not left and not list((folder / "blog").glob(".*.noo"))
    assert states(folder / "blog") == states(whole / "blog")


@pytest.mark.timeout(600)
def test_kill_9_right_behind_the_commit_of_the_plan_and_run_again_is_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    writes = kill_at(whole, "never", 0)
    # Git's index knows of the plan before its commit; otherwise Git would show it as taken away.
    kill_at(tmp_path / "plan", "after", writes.index("git commit") + 1)
    check_killed(tmp_path / "plan", whole)


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_kill_9_anywhere_and_run_again_is_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    writes = len(kill_at(whole, "never", 0))
    rng = random.Random(os.environ.get("SEED", "7"))
    for number in sorted(rng.sample(range(1, writes + 1), 40)):
        folder = tmp_path / f"at-{number}"
        kill_at(folder, rng.choice(["before", "after"]), number)
        check_killed(folder, whole)
