"""Every shipped template gives a project that passes its own tests and its own lint, however it is varied."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.projects.scaffold import ScaffoldInvalid
from nootropic_kernel.planning.projects.templates import TemplateLibrary
from tests.scaffold.making import TEMPLATES, THINGS, from_brief, made, write

pytestmark = pytest.mark.slow

VARIED: dict[str, dict[str, Any]] = {
    "no things": {},
    "two things": {"entities": THINGS},
    "no JavaScript": {"entities": THINGS, "javascript": False, "license": "none", "storage": "postgresql"},
}
ALL = [(template, variant) for template in TEMPLATES for variant in VARIED]
# Run at each push. The others (the website among them, all of which is in the shop) and all variants are only looked
# over there, and run in `make test-deep`.
RUN = ("shop", "rest-service", "cli-tool", "data-pipeline", "documentation-site", "game")


def project(template: str, variant: str, folder: Path) -> Path:
    document = {"name": f"Sample {template}", "template": template, "author": "Ada", **VARIED[variant]}
    return write(made(document), folder)


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHONPATH", "COV"))}
    return subprocess.run(
        words, cwd=folder, env={**kept, **variables}, capture_output=True, text=True, timeout=900, check=False
    )


def its_tests(folder: Path) -> None:
    done = run(folder, sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_template_provides_is_what_tasks_of_the_methods_make() -> None:
    library = TemplateLibrary(None)
    made_by_tasks = {item for task in shipped_library().tasks.values() for item in task.provides} - {"{step_gives}"}
    forms = [re.compile(re.sub(r"\\\{.*?\\\}", ".+", re.escape(item))) for item in made_by_tasks]
    for template in library.all():
        for layer in library.layers(template):
            for item in (*layer.listed("_provides"), *layer.listed("_provides_each")):
                known = item.startswith("have:") or any(form.fullmatch(item) for form in forms)
                assert known, f"{layer.name} provides {item}, which no task makes"


@pytest.mark.parametrize("template", RUN)
def test_a_project_passes_its_own_tests(template: str, tmp_path: Path) -> None:
    its_tests(project(template, "two things", tmp_path))


def test_a_command_line_tool_passes_whatever_its_things_are_called(tmp_path: Path) -> None:
    names = ("item", "main", "app", "args", "id", "str", "list", "parser", "value", "show", "parse", "typing", "sys")
    named = {"name": "Sample tool", "template": "cli-tool", "entities": {name: {"name": "str"} for name in names}}
    its_tests(write(made(named), tmp_path))


AWKWARD = (
    "flow", "run", "test", "testimonial", "store", "record", "row", "fault", "done", "kind", "type", "engine", "typing",
    "dataclasses", "csv", "data", "main", "item", "sa", "sqlalchemy", "pathlib", "json", "pytest", "conftest",
    "package", "list", "dict", "str", "date", "request", "session", "level 2 ticket", "q a", "file", "model", "api",
    "command",
)  # fmt: skip


def awkward(template: str, folder: Path) -> Path:
    """A project whose things are called what code likes to call its own, as far as the template takes them."""
    entities: dict[str, Any] = {name: {"name": "str"} for name in AWKWARD}
    while len(entities) > 30:
        try:
            return write(made({"name": "Sample", "template": template, "entities": entities}), folder)
        except ScaffoldInvalid as refused:  # by name, before anything is written
            (name,) = re.findall(r"called '(\w+)'", refused.what)
            del entities[name]
    raise AssertionError("too many were refused")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_is_python_whatever_its_things_are_called(template: str, tmp_path: Path) -> None:
    for path in awkward(template, tmp_path).rglob("*.py"):
        compile(path.read_text(), path, "exec")


@pytest.mark.deep
@pytest.mark.parametrize("template", ["data-pipeline", "python-library", "rest-service", "cli-tool"])
def test_a_project_passes_whatever_its_things_are_called(template: str, tmp_path: Path) -> None:
    its_tests(awkward(template, tmp_path))


@pytest.mark.deep
@pytest.mark.parametrize(("template", "variant"), ALL)
def test_a_project_passes_its_own_tests_in_every_variant(template: str, variant: str, tmp_path: Path) -> None:
    its_tests(project(template, variant, tmp_path))


def test_projects_are_clean_by_their_own_lint_and_in_order(tmp_path: Path) -> None:
    for template, variant in ALL:
        folder = project(template, variant, tmp_path / template / variant.replace(" ", "-"))
        assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"] == f"sample-{template}"
    for words in (["check"], ["check", "--select", "I"], ["format", "--check"]):
        done = run(tmp_path, sys.executable, "-m", "ruff", *words, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_ci_runs_is_what_the_makefile_has(template: str, tmp_path: Path) -> None:
    folder = project(template, "no JavaScript", tmp_path)
    github = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())
    gitlab = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())
    steps = [step["run"] for step in github["jobs"]["tests"]["steps"] if "run" in step]
    assert steps == gitlab["tests"]["script"] == ["make install", "make lint", "make test"]
    for step in steps:
        assert run(folder, "make", "--dry-run", step.removeprefix("make ")).returncode == 0
    assert github["permissions"] == {"contents": "read"}
    assert "${{ matrix.python-version }}" in (folder / ".github/workflows/ci.yml").read_text()


@pytest.mark.parametrize("template", ["web-application", "shop"])
def test_no_javascript_means_none_at_all(template: str, tmp_path: Path) -> None:
    folder = project(template, "no JavaScript", tmp_path)
    assert not list(folder.rglob("*.js"))
    assert not any("<script" in page.read_text() for page in folder.rglob("*.html"))
    assert list(project(template, "two things", tmp_path / "with").rglob("*.js"))


@pytest.mark.deep
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.timeout(1200)
def test_a_project_installs_in_a_fresh_environment_and_passes_there(template: str, tmp_path: Path) -> None:
    folder = project(template, "two things", tmp_path / "project")
    venv.create(folder / ".venv", with_pip=True)
    installed = run(folder, ".venv/bin/python", "-m", "pip", "install", "--quiet", "--editable", ".[test]")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    for goal in ("lint", "test"):
        done = run(folder, "make", goal)
        assert done.returncode == 0, done.stdout + done.stderr


ORDERED = {
    "lamp": {"name": "str", "price": "Decimal"},
    "order": {"number": "int", "total": "Decimal", "placed": "date", "wanted": "date"},
}


@pytest.mark.parametrize("brief", ["An online shop for handmade candles. Customers can order candles.", ""])
def test_a_shop_keeps_what_is_ordered_in_its_own_orders(brief: str, tmp_path: Path) -> None:
    shop = from_brief(brief) if brief else made({"name": "Lamps", "template": "shop", "entities": ORDERED})
    folder = write(shop, tmp_path)
    tables = re.findall(r'sa\.Table\(\s*"(\w*order\w*)"', "".join(p.read_text() for p in folder.rglob("*.py")))
    assert tables == ["order"]
    its_tests(folder)
    for words in (["check", "--extend-select", "I"], ["format", "--check"]):
        done = run(folder, sys.executable, "-m", "ruff", *words, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_shop_without_orders_has_a_place_for_them(tmp_path: Path) -> None:
    document = {"name": "Lamps", "template": "shop", "entities": {"lamp": ORDERED["lamp"]}}
    its_tests(write(made(document), tmp_path))
