"""`scaffold` in real folders and repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, init
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.plugin import PluginParams, plugin
from nootropic_kernel.capabilities.scaffold import ScaffoldParams, ScaffoldResult, scaffold
from nootropic_kernel.changes.layers import NeedsOwnYes
from nootropic_kernel.planning.projects.scaffold import ScaffoldInvalid
from nootropic_kernel.planning.projects.templates import NoSuchTemplate
from nootropic_kernel.workspace.errors import PathRefused, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git
from tests.promises.rooms import noo
from tests.scaffold.started import states, tree

pytestmark = pytest.mark.slow


SPEC = "name: Reading list\ntemplate: cli-tool\nentities:\n  book: {title: str, pages: int}\n"


def in_folder(folder: Path, params: ScaffoldParams) -> ScaffoldResult:
    session = Session(Workspace.find(folder))
    try:
        return scaffold(params, session)
    finally:
        session.close()


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
