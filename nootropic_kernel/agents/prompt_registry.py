"""Prompts in the workspace's MLflow registry, and the runs of their tests beside them.

MLflow numbers versions itself; the semantic version is a tag of each. Its global settings, which may be the person's
own, are neither used nor changed.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nootropic_kernel.agents.pipeline_stores import PipelinesNotInstalled, PipelineStores
from nootropic_kernel.agents.prompt_tests import CaseResult
from nootropic_kernel.models.prompts import NoSuchPrompt, Prompt
from nootropic_kernel.workspace.errors import UsageError, WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "prompt tests"
_VERSION, _DIGEST = "nootropic.prompt.version", "nootropic.prompt.sha256"
# By this tag MLflow's page leads from a run to the prompts that it used.
_LINKED = "mlflow.linkedPrompts"


@dataclass(frozen=True)
class Registered:
    """A version in MLflow: its ``number`` there, the semantic ``version``, and the template as one ``text``."""

    name: str
    version: str
    number: int
    aliases: tuple[str, ...] = ()
    sha256: str = ""
    description: str = ""
    text: str = ""


def is_kept(workspace: Workspace) -> bool:
    """Whether this workspace has a registry already, and MLflow is there to read it. Nothing is imported or made."""
    return PipelineStores(workspace).mlflow_database.is_file() and importlib.util.find_spec("mlflow") is not None


class PromptRegistry:
    """The prompts of one workspace's MLflow store.

    :raises PipelinesNotInstalled: when MLflow is not there.
    :raises WorkspaceUnusable: when its store cannot lie in this folder.
    """

    def __init__(self, workspace: Workspace) -> None:
        if importlib.util.find_spec("mlflow") is None:
            raise PipelinesNotInstalled(["mlflow"])
        if bad := sorted(set("?%") & set(str(workspace.state_dir))):
            raise WorkspaceUnusable(
                "MLflow cannot work in this folder.",
                why=f"Its path has {' and '.join(bad)} in it, which the address of its store cannot carry.",
                next="Move the project to a folder without it.",
                path=str(workspace.state_dir),
            )
        workspace.ensure()
        self._stores = PipelineStores(workspace)
        with _quiet():
            from mlflow import MlflowClient

            self._client: MlflowClient = MlflowClient(self._stores.tracking_uri, self._stores.tracking_uri)

    def versions(self, name: str) -> list[Registered]:
        """The versions of a prompt that are registered, oldest first."""
        with _quiet():
            if self._client.get_prompt(name) is None:
                return []
            numbers = sorted(int(each.version) for each in self._client.search_prompt_versions(name))
            # The list leaves aliases out, each version by itself has them.
            found = [self._client.get_prompt_version(name, str(number)) for number in numbers]
        return [
            Registered(
                name,
                each.tags.get(_VERSION, "?"),
                int(each.version),
                tuple(sorted(each.aliases)),
                each.tags.get(_DIGEST, ""),
                (each.commit_message or "").removeprefix(f"{each.tags.get(_VERSION, '?')}: "),
                str(each.template),
            )
            for each in found
        ]

    def all_versions(self) -> list[Registered]:
        """Every version of every prompt that is registered."""
        names: list[str] = []
        page: str | None = None
        with _quiet():
            while page is None or page:
                listed = self._client.search_prompts(page_token=page)
                names += [each.name for each in listed]
                page = listed.token or ""
        return [version for name in sorted(names) for version in self.versions(name)]

    def find(self, name: str, which: str) -> Registered:
        """The version that ``which`` means: ``@production`` by its alias, ``#2`` by MLflow's own number.

        :raises NoSuchPrompt: when there is none.
        """
        for each in self.versions(name):
            if which[1:] in each.aliases if which.startswith("@") else which == f"#{each.number}":
                return each
        raise NoSuchPrompt(
            f"MLflow has no {which} of the prompt {name!r}.",
            next="`noo prompts register` registers versions, `noo prompts alias` names one.",
            name=name,
        )

    def register(self, prompts: Sequence[Prompt]) -> list[tuple[Registered, bool]]:
        """Register what is not there yet, oldest versions first; each with whether it is new.

        A file that was changed without a new version is registered too, under the same semantic version.
        """
        done = []
        for prompt in prompts:
            known = {each.sha256: each for each in self.versions(prompt.name)}
            if found := known.get(prompt.sha256):
                done.append((found, False))
                continue
            tags = {_VERSION: prompt.version, _DIGEST: prompt.sha256}
            with _quiet():
                message = f"{prompt.version}: {prompt.description}"
                made = self._client.register_prompt(prompt.name, prompt.text, message, tags)
            done.append((Registered(prompt.name, prompt.version, int(made.version), (), prompt.sha256), True))
        return done

    def set_alias(self, name: str, alias: str, version: str) -> Registered:
        """Let ``alias`` name the newest registered text of a semantic version.

        :raises NoSuchPrompt: when that version is not registered.
        :raises UsageError: when MLflow takes no such alias.
        """
        found = [each for each in self.versions(name) if each.version == version]
        if not found:
            raise NoSuchPrompt(f"{name} {version} is not registered.", next=f"Run `noo prompts register {name}`.")
        from mlflow.exceptions import MlflowException

        try:
            with _quiet():
                self._client.set_prompt_alias(name, alias, found[-1].number)
        except MlflowException as error:
            allowed = "Use letters, digits, dashes and underscores; `latest` and `v1` mean something already."
            raise UsageError(f"{alias!r} cannot be an alias.", why=str(error), next=allowed) from error
        return next(each for each in self.versions(name) if each.number == found[-1].number)

    def log_tests(self, prompt: Prompt, results: Sequence[CaseResult], backend: str, max_tokens: int) -> str:
        """Keep a test of one version as a run, linked to that version; the id of the run."""
        ((version, _),) = self.register([prompt])
        linked = json.dumps([{"name": prompt.name, "version": str(version.number)}])
        tags = {_LINKED: linked, _VERSION: prompt.version, _DIGEST: prompt.sha256}
        models = sorted({each.model for each in results if each.model})
        params = {
            "prompt": prompt.name,
            "prompt_version": prompt.version,
            "backend": backend,
            "model": ", ".join(models) or backend,
            "max_tokens": max_tokens,
            "tests": len(results),
        }
        with _quiet():
            run = self._client.create_run(self._experiment(), tags=tags, run_name=f"{prompt.name} {prompt.version}")
            identifier = str(run.info.run_id)
            status = "FAILED"
            try:
                for key, value in params.items():
                    self._client.log_param(identifier, key, value)
                for key, number in metrics(results).items():
                    self._client.log_metric(identifier, key, number)
                self._client.log_table(identifier, _table(results), "results.json")
                self._client.log_text(identifier, prompt.text, "prompt.txt")
                status = "FINISHED"
            finally:
                self._client.set_terminated(identifier, status)
        return identifier

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        # Else artifacts would lie in whatever folder is the current one.
        return str(self._client.create_experiment(EXPERIMENT, self._stores.artifacts.as_uri()))


def metrics(results: Sequence[CaseResult]) -> dict[str, float]:
    """The figures by which versions are compared: means over the tests; tokens only where all of them are known."""
    count = len(results)
    told = {
        "accuracy": sum(each.accuracy for each in results) / count,
        "pass_rate": sum(each.passed for each in results) / count,
        "latency_s": sum(each.latency_s for each in results) / count,
    }
    tokens = [each.tokens for each in results if each.tokens is not None]
    return {**told, **({"tokens": sum(tokens) / count} if len(tokens) == count else {})}


def _table(results: Sequence[CaseResult]) -> Mapping[str, Any]:
    return {
        "test": [each.id for each in results],
        "passed": [each.passed for each in results],
        "accuracy": [each.accuracy for each in results],
        "latency_s": [each.latency_s for each in results],
        "tokens": ["" if each.tokens is None else str(each.tokens) for each in results],
        "answer": [each.answer for each in results],
        "failures": ["; ".join(each.failures) for each in results],
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """While MLflow works: it sends nothing about its use, and does not tell of each table that it makes."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # noqa: F401  # it sets the levels of its loggers when it is imported

    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
