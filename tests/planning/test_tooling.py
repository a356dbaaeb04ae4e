"""What is there in a repository changes its plan: test commands, languages, and nothing is set up a second time."""

from __future__ import annotations

import json

import pytest

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts

PYPROJECT = b'[project]\nname = "desk"\n[tool.pytest.ini_options]\n'


def package_json(**scripts: str) -> bytes:
    return json.dumps({"name": "desk", "scripts": scripts, "dependencies": {"express": "^4"}}).encode()


def commands(plan: Plan) -> set[str]:
    return {check.verify for task in plan.tasks for check in task.acceptance if check.verify}


@pytest.mark.parametrize(
    ("files", "paths", "language", "test"),
    [
        ({"pyproject.toml": PYPROJECT, "desk/__init__.py": b""}, [], "python", "python -m pytest"),
        ({"pyproject.toml": PYPROJECT, "desk/__init__.py": b""}, ["uv.lock"], "python", "uv run pytest"),
        ({"pyproject.toml": b"[tool.poetry]\nname='x'\n", "x/__init__.py": b""}, [], "python", "poetry run pytest"),
        ({"Makefile": b"test:\n\tpytest -x\n", "a.py": b""}, [], "python", "make test"),
        ({"requirements.txt": b"Django>=5\n", "manage.py": b""}, [], "python", "python manage.py test"),
        ({"tox.ini": b"[tox]\n", "a.py": b""}, [], "python", "tox"),
        ({"package.json": package_json(test="vitest")}, ["src/a.ts", "yarn.lock"], "typescript", "yarn test"),
        ({"package.json": package_json(test="jest")}, ["src/a.js"], "javascript", "npm test"),
        ({"package.json": package_json()}, ["src/a.js"], "javascript", ""),
        ({"package.json": b"{broken"}, ["src/a.js"], "javascript", ""),
        ({"Cargo.toml": b"[package]\n"}, ["src/main.rs"], "rust", "cargo test"),
        ({"go.mod": b"module x\n"}, ["main.go"], "go", "go test ./..."),
        ({"pom.xml": b"<project/>"}, ["src/main/java/A.java", "mvnw"], "java", "./mvnw test"),
        ({}, ["build.gradle.kts", "src/main/kotlin/A.kt"], "kotlin", "gradle test"),
        ({"package.json": package_json(test="jest")}, ["a.js", "b.js", "c.js", "tool.py"], "javascript", "npm test"),
    ],
)  # fmt: skip
def test_the_test_command_is_read(files: dict[str, bytes], paths: list[str], language: str, test: str) -> None:
    facts = read_facts(files, paths)
    assert (facts.language, facts.tooling.test) == (language, test)


def test_tasks_name_the_command_of_the_repository() -> None:
    facts = read_facts({"package.json": package_json(test="vitest")}, ["src/cart.ts", "pnpm-lock.yaml"])
    plan = make_plan("Fix the crash in src/cart.ts", facts)
    assert commands(plan) <= {"pnpm test", "pnpm test -- tests/cart_fault.test.ts"} and commands(plan)
    rust = make_plan("Build a command line tool that counts words", read_facts({"Cargo.toml": b""}, ["src/main.rs"]))
    assert "cargo test" in commands(rust)
    assert not [task for task in rust.tasks if any(path.endswith(".py") for path in task.files)]
    assert not [task for task in rust.tasks if (task.how.recipe or "").startswith("python.")]


def test_where_no_command_is_known_none_is_made_up() -> None:
    plan = make_plan("Add a retry to src/a.js", read_facts({"package.json": package_json()}, ["src/a.js"]))
    assert commands(plan) == set() and plan.tasks


def test_what_is_there_is_not_set_up_again() -> None:
    there = {"pyproject.toml": PYPROJECT, "desk/__init__.py": b"", "README.md": b"# Desk\n", "mkdocs.yml": b""}
    facts = read_facts(there, [".gitlab-ci.yml", ".gitignore"])
    kinds = {task.kind for task in make_plan("Build a blog platform", facts).tasks}
    assert not kinds & {"project-manifest", "readme-section", "gitignore", "ci", "package-start"}
    kinds = {task.kind for task in make_plan("Build a documentation site", facts).tasks}
    assert "site-frame" not in kinds and "site-start" in kinds
    assert {"project-manifest", "readme-section", "gitignore", "ci"} <= {
        task.kind for task in make_plan("Build a blog platform", RepositoryFacts()).tasks
    }


def test_frameworks_of_the_repository_are_taken_unless_the_brief_says_otherwise() -> None:
    files = {"pyproject.toml": b'[project]\ndependencies = ["fastapi>=0.1"]\n', "desk/__init__.py": b""}
    facts = read_facts(files)
    kept = make_plan("Build a REST API for invoices", facts)
    assert not [task for task in kept.tasks if task.kind == "api-frame"], "it runs on FastAPI already"
    assert "api:invoice" in {item for task in kept.tasks for item in task.provides}
    other = make_plan("Build a REST API for invoices in Flask", facts)
    assert any("Flask" in task.title for task in other.tasks if task.kind == "api-frame")


def test_something_added_to_a_repository_brings_nothing_around_it() -> None:
    files = {"desk/__init__.py": b"", "desk/app.py": b"def run(): ...\n"}
    for brief in ("Add a login to the app", "Add coupons to the shop", "Add a /health endpoint"):
        touched = {path for task in make_plan(brief, read_facts(files)).tasks for path in task.files}
        assert not touched & {"README.md", ".gitignore", ".github/workflows/ci.yml", "pyproject.toml"}, brief
