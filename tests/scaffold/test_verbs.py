"""`scaffold` and `init --brief` in real folders and repositories."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import AmendmentNeeded, current_plan, current_spec
from nootropic_kernel.agents.project_start import PushRefused
from nootropic_kernel.capabilities.accept import AcceptParams, accept
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, InitResult, init
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.plugin import PluginParams, plugin
from nootropic_kernel.capabilities.redo import RedoParams, redo
from nootropic_kernel.capabilities.scaffold import ScaffoldParams, ScaffoldResult, scaffold
from nootropic_kernel.capabilities.undo import UndoParams, undo
from nootropic_kernel.changes.layers import NeedsOwnYes
from nootropic_kernel.planning.project_templates import NoSuchTemplate
from nootropic_kernel.planning.scaffold import ScaffoldInvalid
from nootropic_kernel.workspace.errors import PathRefused, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git
from tests.promises.rooms import environment, noo

pytestmark = pytest.mark.slow

BLOG = "A blog with posts and comments, no JavaScript, with login"
SPEC = "name: Reading list\ntemplate: cli-tool\nentities:\n  book: {title: str, pages: int}\n"
DOOMED = str(Path(__file__).with_name("doomed_init.py"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A person in an empty folder that is no repository."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    session = Session(Workspace.find(folder))
    yield session
    session.close()


def started(desk: Session, brief: str = BLOG, path: str = "blog", **options: object) -> InitResult:
    return init(InitParams.model_validate({"path": path, "brief": brief, **options}), desk)


def states(folder: Path) -> dict[str, str]:
    session = Session(Workspace.find(folder))
    try:
        found = current_plan(session.workspace, session.database())
        return {name: state.status for name, state in found.states.items()}
    finally:
        session.close()


def tree(folder: Path) -> dict[str, str]:
    listed = git(folder, "ls-tree", "-r", "HEAD").splitlines()
    return {line.split("\t")[1]: line.split()[2] for line in listed}


def commits(folder: Path) -> list[str]:
    return git(folder, "log", "--reverse", "--format=%s").splitlines()


def in_folder(folder: Path, params: ScaffoldParams) -> ScaffoldResult:
    session = Session(Workspace.find(folder))
    try:
        return scaffold(params, session)
    finally:
        session.close()


# --- init --brief -----------------------------------------------------------------------------


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


def test_a_folder_beside_the_repository_one_is_in_may_be_named_by_dots(desk: Session) -> None:
    git(desk.workspace.root, "init", "--quiet")
    made = started(desk, path="../beside")
    assert Path(made.root) == desk.workspace.root.parent / "beside" and len(commits(Path(made.root))) == 2


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


# --- kills ------------------------------------------------------------------------------------


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


# --- scaffold ---------------------------------------------------------------------------------


def test_a_spec_fills_a_new_folder(desk: Session) -> None:
    Path("spec.yaml").write_text(SPEC)
    made = scaffold(ScaffoldParams(spec="spec.yaml", out="list"), desk)
    assert made.action == "written" and made.commit is None
    folder = Path(made.folder)
    assert (folder / "reading_list" / "book_store.py").exists() and not (folder / "docs").exists()
    assert scaffold(ScaffoldParams(spec="spec.yaml", out="list"), desk).action == "there"


def test_a_spec_that_lies_in_the_folder_does_not_make_it_full(repo: Path) -> None:
    folder = repo.parent / "fresh"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "spec.yaml").write_text(SPEC)
    made = in_folder(folder, ScaffoldParams(spec=str(folder / "spec.yaml")))
    assert made.action == "written" and made.commit == git(folder, "rev-parse", "HEAD")
    assert (folder / "spec.yaml").read_text() == SPEC and "spec.yaml" not in tree(folder)


def test_an_empty_folder_of_a_repository_is_filled_and_only_that_is_committed(repo: Path) -> None:
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    (repo / "spec.yaml").write_text(SPEC)
    before = set(tree(repo))
    made = in_folder(repo, ScaffoldParams(spec=str(repo / "spec.yaml"), out=str(repo / "tools" / "list")))
    assert made.action == "written"
    new = set(tree(repo)) - before
    assert new and all(path.startswith("tools/list/") for path in new)
    assert git(repo, "diff", "--cached", "--name-only") == "staged.txt"
    with pytest.raises(PathRefused):
        in_folder(repo, ScaffoldParams(spec=str(repo / "spec.yaml"), out=str(repo / ".nootropic" / "x")))


def test_a_plan_that_is_there_is_scaffolded_and_its_tasks_are_done(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    session = Session(Workspace.find(tmp_path))
    plan(PlanParams(brief="A REST API for books and loans"), session)
    made = scaffold(ScaffoldParams(), session)
    session.close()
    assert made.action == "written" and made.template == "rest-service"
    assert {task for task, state in states(tmp_path).items() if state == "done"} == set(made.tasks)
    assert in_folder(tmp_path, ScaffoldParams(spec=str(tmp_path / "project-spec.md"))).action == "there"


def test_without_git_the_journal_says_which_tasks_are_done(desk: Session) -> None:
    plan(PlanParams(brief="A REST API for books"), desk)
    made = scaffold(ScaffoldParams(), desk)
    assert made.commit is None and made.tasks
    assert {task for task, state in states(desk.workspace.root).items() if state == "done"} == set(made.tasks)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[1, 2]", ScaffoldInvalid),
        (": :\n  - [", ScaffoldInvalid),
        ("name: x\n", NoSuchTemplate),
        ("", ScaffoldInvalid),
    ],
)
def test_a_spec_that_says_too_little_or_is_none_is_refused(text: str, error: type[Exception], desk: Session) -> None:
    Path("spec.yaml").write_text(text)
    with pytest.raises(error):
        scaffold(ScaffoldParams(spec="spec.yaml", out="x"), desk)
    with pytest.raises(UsageError):
        scaffold(ScaffoldParams(spec="nowhere.yaml"), desk)
    assert not list(Path("x").glob("*"))


def test_a_template_of_the_repository_needs_a_yes_for_files_that_run_by_themselves(desk: Session) -> None:
    place = Path("experiments/templates/own")
    (place / "{{cookiecutter.project_slug}}").mkdir(parents=True)
    (place / "cookiecutter.json").write_text('{"project_slug": "x"}')
    (place / "{{cookiecutter.project_slug}}" / "Makefile").write_text("all:\n\techo {{ cookiecutter.title }}\n")
    Path("spec.yaml").write_text("name: Own\ntemplate: own\n")
    wanted = ScaffoldParams(spec="spec.yaml", out="made")
    with pytest.raises(NeedsOwnYes):
        scaffold(wanted, desk)
    assert not list(Path("made").glob("Makefile"))
    desk.approve = lambda question: "Makefile" in question
    assert scaffold(wanted, desk).action == "written"
    assert Path("made/Makefile").read_text() == "all:\n\techo Own\n"


def test_a_shipped_template_over_a_layer_of_the_repository_needs_that_yes_too(desk: Session) -> None:
    """Regression: a repository's own `_python` went below the shipped templates, and its files needed no yes."""
    place = Path("experiments/templates/_python/{{cookiecutter.project_slug}}")
    place.mkdir(parents=True)
    (place.parent / "cookiecutter.json").write_text('{"project_slug": "x"}')
    (place / "conftest.py").write_text("import os\n")
    Path("spec.yaml").write_text("name: Own\ntemplate: python-library\n")
    with pytest.raises(NeedsOwnYes):
        scaffold(ScaffoldParams(spec="spec.yaml", out="made"), desk)
    assert not list(Path("made").glob("*"))


def test_paths_that_cannot_be_are_refused_and_nothing_is_made(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    Path("spec.yaml").write_text(SPEC)
    with pytest.raises(PathRefused, match="Git"):
        in_folder(repo, ScaffoldParams(spec="spec.yaml", out=".git/hooks/new"))
    assert not Path(".git/hooks/new").exists()
    for wrong in ("~nobody-of-this-name/x", "a\0b", "\ud800", "x" * 300):
        with pytest.raises(NoSuchTemplate):
            in_folder(repo, ScaffoldParams(spec="spec.yaml", out="made", template=wrong))
        for options in ({"out": wrong}, {"spec": wrong}):
            with pytest.raises(UsageError, match="is no path"):
                in_folder(repo, ScaffoldParams.model_validate({"spec": "spec.yaml", **options}))
        with pytest.raises(UsageError, match="is no path"):
            init(InitParams(path=wrong), Session(Workspace.find(repo)))


def test_a_link_of_the_repository_that_leads_out_of_it_is_not_filled(repo: Path, desk: Session) -> None:
    """Regression: the project was written into the empty folder behind the link."""
    outside = repo.parent / "outside"
    outside.mkdir()
    (repo / "made").symlink_to(outside)
    (repo / "inside").symlink_to(repo / "elsewhere")
    (repo / "spec.yaml").write_text(SPEC)
    for out in (str(repo / "made"), str(repo / "made" / "deeper")):
        with pytest.raises(PathRefused, match="link"):
            in_folder(repo, ScaffoldParams(spec=str(repo / "spec.yaml"), out=out))
    assert not any(outside.iterdir())
    made = in_folder(repo, ScaffoldParams(spec=str(repo / "spec.yaml"), out=str(repo / "inside")))
    assert made.action == "written" and (repo / "elsewhere" / "README.md").is_file()


def test_templates_of_a_plugin_are_there_once_it_is_trusted(desk: Session) -> None:
    place = Path("plugins/greeter/templates/greeting")
    (place / "{{cookiecutter.project_slug}}").mkdir(parents=True)
    (place / "cookiecutter.json").write_text('{"project_slug": "x", "_about": "A greeting."}')
    (place / "{{cookiecutter.project_slug}}" / "hello.txt").write_text("Hello\n")
    Path("plugins/greeter/plugin.py").write_text(
        "def describe():\n    return {'name': 'greeter', 'capabilities': []}\n"
    )
    assert "greeting" not in scaffold(ScaffoldParams(list=True), desk).text()
    plugin(PluginParams(action="trust", name="greeter"), desk)
    assert "A greeting. (plugin)" in scaffold(ScaffoldParams(list=True), desk).text()
    Path("plugins/greeter/plugin.py").write_text("describe = 'something else'\n")
    assert "greeting" not in scaffold(ScaffoldParams(list=True), desk).text()


def test_the_command_line_tells_what_was_made_and_its_help_what_it_does(desk: Session) -> None:
    Path("spec.yaml").write_text(SPEC)
    done = noo(desk.workspace.root, "scaffold", "--spec", "spec.yaml", "--out", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["action"] == "written"
    told = noo(desk.workspace.root, "scaffold", "--help").stdout
    assert "--spec" in told and "--template" in told and "Cookiecutter" in told
