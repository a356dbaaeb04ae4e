"""How a repository is built, tested and documented, by its manifests: what tasks have to say and not do again."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from nootropic_kernel.planning.repository.packages import packages_of

# Small files at the root whose contents tell about the project; agents read them together with the code.
MANIFESTS = frozenset(
    {"pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", "tox.ini", "noxfile.py", "pytest.ini", "Pipfile",
     "package.json", "Cargo.toml", "go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "Gemfile", "composer.json",
     "Makefile", "justfile", "mkdocs.yml", "environment.yml", "requirements-dev.txt", "mix.exs"}
)  # fmt: skip
_README = re.compile(r"readme(\.\w+)?", re.I)
_FRAMEWORKS = (
    "django", "flask", "fastapi", "starlette", "tornado", "click", "typer", "sqlalchemy", "pandas", "polars", "numpy",
    "torch", "tensorflow", "keras", "scikit-learn", "dagster", "airflow", "prefect", "mlflow", "streamlit",
    "jupyterlab", "react", "vue", "svelte", "next", "express", "angular", "nestjs", "axum", "actix-web", "gin",
    "spring-boot", "rails",
)  # fmt: skip
_EVERYDAY = frozenset({"next", "click", "express", "gin", "rails", "react"})
_JUST_RUN = re.compile(r"^test\s*:(?!=)", re.M)


@dataclass(frozen=True)
class Tooling:
    """What is there already, and with what command it is tested.

    ``test`` runs all tests ("" where none is known), ``test_file`` is the command that a test file's path follows.
    """

    manager: str = ""
    manifest: str = ""
    test: str = ""
    test_file: str = ""
    frameworks: tuple[str, ...] = ()
    docs: str = ""
    readme: str = ""
    ci: str = ""
    packages: frozenset[str] = frozenset()  # what the manifests say that it depends on, in lower case

    def sentences(self) -> Iterable[str]:
        """What was read, for people."""
        if self.manifest:
            yield f"{self.manifest}{f' ({self.manager})' if self.manager else ''}"
        if self.frameworks:
            yield f"built with {', '.join(self.frameworks)}"
        if self.test:
            yield f"tested by `{self.test}`"
        if self.docs:
            yield f"documented with {self.docs}"
        if self.ci:
            yield f"continuous integration: {self.ci}"


NOTHING_THERE = Tooling()


def is_manifest(path: str) -> bool:
    """Whether a file tells how the project is built: a manifest or the README at the root."""
    return path in MANIFESTS or (_README.fullmatch(path) is not None)


def read_tooling(texts: Mapping[str, bytes], paths: frozenset[str], language: str | None) -> Tooling:
    """What the manifests of a repository say; a broken one counts as one without contents."""
    known = {path: data.decode("utf-8", "replace") for path, data in texts.items() if is_manifest(path)}
    reader = {"javascript": _node, "typescript": _node, "rust": _rust, "go": _go, "java": _java, "kotlin": _java}
    other = {"ruby": _ruby, "php": _php, "csharp": _dotnet}
    make = {**reader, **other}.get(language or "python", _python if language in (None, "python") else _unknown)
    manager, manifest, test, test_file = make(known, paths)
    if not test.startswith("npm") and _JUST_RUN.search(known.get("Makefile", "")):
        test = "make test"
    wanted = " ".join(text for path, text in known.items() if not _README.fullmatch(path)).lower()
    words = set(re.findall(r"[a-z][\w-]*", wanted))
    return Tooling(
        manager=manager,
        manifest=manifest,
        test=test,
        test_file=test_file,
        frameworks=tuple(n for n in _FRAMEWORKS if n in words and (n not in _EVERYDAY or _dep(n, wanted))),
        docs=_docs(paths),
        readme=next((path for path in sorted(paths) if _README.fullmatch(path)), ""),
        ci=_ci(paths),
        packages=packages_of(known),
    )  # fmt: skip


def _dep(name: str, text: str) -> bool:
    """Whether an everyday word stands there as a dependency."""
    return re.search(rf"[\"']{name}[\"'\[>=<~^ ]|^{name}\s*[=><~]", text, re.M) is not None


_Found = tuple[str, str, str, str]


def _python(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    project = _toml(texts.get("pyproject.toml"))
    tools = project.get("tool", {}) if isinstance(project.get("tool"), dict) else {}
    manager = "pip"
    for name, sign in (("uv", "uv.lock"), ("poetry", "poetry.lock"), ("pdm", "pdm.lock"), ("pipenv", "Pipfile")):
        if sign in paths or name in tools:
            manager = name
            break
    if manager == "pip" and "environment.yml" in paths:
        manager = "conda"
    prefix = {"uv": "uv run ", "poetry": "poetry run ", "pdm": "pdm run ", "pipenv": "pipenv run "}.get(manager, "")
    manifest = next(
        (name for name in ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt") if name in paths), ""
    )
    pytest = f"{prefix}pytest" if prefix else "python -m pytest"
    every = " ".join(
        texts.get(name, "")
        for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt", "tox.ini", "setup.cfg")
    )
    unittest = "pytest" not in every and "manage.py" in paths and "django" in every.lower()
    if unittest:
        return manager, manifest, f"{prefix}python manage.py test", f"{prefix}python manage.py test"
    if "pytest" not in every and "noxfile.py" in paths:
        return manager, manifest, f"{prefix}nox", pytest
    if "pytest" not in every and "tox.ini" in paths:
        return manager, manifest, f"{prefix}tox", pytest
    return manager, manifest, pytest, pytest


def _node(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    try:
        package: Any = json.loads(texts.get("package.json", "{}"))
        scripts = package.get("scripts", {})
        has_test = isinstance(scripts, dict) and "no test specified" not in str(
            scripts.get("test", "no test specified")
        )
    except (ValueError, AttributeError):
        has_test = False
    locks = (("pnpm", "pnpm-lock.yaml"), ("yarn", "yarn.lock"), ("bun", "bun.lockb"), ("jlpm", "jlpm.lock"))
    manager = next((name for name, lock in locks if lock in paths), "npm")
    manifest = "package.json" if "package.json" in paths else ""
    test = f"{manager} test" if has_test else ""
    return manager if manifest else "", manifest, test, f"{test} --" if test else ""  # fmt: skip


def _rust(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    return ("cargo", "Cargo.toml", "cargo test", "") if "Cargo.toml" in paths else ("", "", "", "")


def _go(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    return ("go", "go.mod", "go test ./...", "") if "go.mod" in paths else ("", "", "", "")


def _java(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    if "pom.xml" in paths:
        return "maven", "pom.xml", "./mvnw test" if "mvnw" in paths else "mvn test", ""
    gradle = next((name for name in ("build.gradle", "build.gradle.kts") if name in paths), "")
    if not gradle:
        return _unknown(texts, paths)
    return "gradle", gradle, "./gradlew test" if "gradlew" in paths else "gradle test", ""


def _ruby(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    spec = any(path.startswith("spec/") for path in paths)
    return (
        "bundler",
        "Gemfile" if "Gemfile" in paths else "",
        "bundle exec rspec" if spec else "bundle exec rake test",
        "",
    )


def _php(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    manifest = "composer.json" if "composer.json" in paths else ""
    return (
        "composer",
        manifest,
        "composer test" if '"test"' in texts.get("composer.json", "") else "vendor/bin/phpunit",
        "",
    )


def _dotnet(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    manifest = next((path for path in sorted(paths) if path.endswith((".sln", ".csproj"))), "")
    return "dotnet", manifest, "dotnet test" if manifest else "", ""


def _unknown(texts: Mapping[str, str], paths: frozenset[str]) -> _Found:
    return "", "", "", ""


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _docs(paths: frozenset[str]) -> str:
    if {"mkdocs.yml", "mkdocs.yaml"} & paths:
        return "mkdocs"
    if any(PurePosixPath(path).name == "conf.py" and path.startswith(("docs/", "doc/")) for path in paths):
        return "sphinx"
    return "docusaurus" if any("docusaurus.config" in path for path in paths) else ""


def _ci(paths: frozenset[str]) -> str:
    signs = (
        (".github/workflows/", "GitHub Actions"), (".gitlab-ci.yml", "GitLab CI"), (".circleci/", "CircleCI"),
        ("azure-pipelines.yml", "Azure Pipelines"), (".travis.yml", "Travis CI"), ("Jenkinsfile", "Jenkins"),
        (".ci/", "scripts in .ci"),
    )  # fmt: skip
    return next((name for sign, name in signs if any(path.startswith(sign) for path in paths)), "")
