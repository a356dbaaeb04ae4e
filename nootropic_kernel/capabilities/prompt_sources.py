"""What ``prompts`` is pointed at: versions in files and in MLflow, and files that say what an answer must be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel.agents.prompt_registry import PromptRegistry, is_kept
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.prompt_views import PromptEntry
from nootropic_kernel.changes.files import read_file
from nootropic_kernel.models.prompts import NoSuchPrompt, load_prompt
from nootropic_kernel.models.validation import OnViolation, Validator
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid
from nootropic_kernel.workspace.rules import check_path


@dataclass(frozen=True)
class Named:
    """One version of a prompt, a file's or MLflow's; ``title`` is how it was named."""

    title: str
    text: str
    entry: PromptEntry


def named(name: str, which: str | None, session: Session) -> Named:
    """A version as a person names it: ``1.0.0`` or None for a file, ``@alias`` or ``#2`` for what MLflow has.

    :raises NoSuchPrompt: when there is none.
    """
    if which is not None and which.startswith(("@", "#")):
        entry = _registry(session, name, which).find(name, which)
        return Named(f"{which} ({entry.version})", entry.text, PromptEntry.of_registered(entry))
    prompt = load_prompt(name, which, session.workspace)
    return Named(prompt.version, prompt.text, PromptEntry.of(prompt))


def file_version(name: str, which: str, session: Session) -> str:
    """The version of a file: as it is named, or the one whose text MLflow has under that alias or number.

    :raises NoSuchPrompt: when there is none.
    :raises UsageError: when the file has another text by now.
    """
    if not which.startswith(("@", "#")):
        return which
    entry = _registry(session, name, which).find(name, which)
    if load_prompt(name, entry.version, session.workspace).sha256 != entry.sha256:
        raise UsageError(
            f"{name} {which} has another text than the file of version {entry.version}.",
            why="The file was changed after it was registered.",
            next="Name the version of the file, or register it under a new version.",
        )
    return entry.version


def _registry(session: Session, name: str, which: str) -> PromptRegistry:
    if not is_kept(session.workspace):
        raise NoSuchPrompt(
            f"There is no {which} of {name!r}: this workspace has no registry of prompts.",
            next="`noo prompts register` makes one; it needs MLflow.",
            name=name,
        )
    return PromptRegistry(session.workspace)


def validator_of(
    schema: str | None, rules: str | None, on_violation: OnViolation | None, workspace: Workspace
) -> Validator:
    """What an answer must be, by the files and options that were given.

    :param schema, rules: paths of files in the workspace.
    :raises PathRefused: when one lies elsewhere, or no agent may see it.
    :raises ResourceInvalid: when one does not fit.
    """
    document = _read_yaml(rules, workspace) if rules is not None else {}
    validator = Validator.read({"rules": document} if isinstance(document, list) else document)
    if schema is not None:
        validator = replace(validator, schema=Validator.read({"schema": _read_yaml(schema, workspace)}).schema)
    return validator if on_violation is None else replace(validator, on_violation=on_violation)


def _read_yaml(path: str, workspace: Workspace) -> Any:
    """What a file of the workspace holds; JSON is YAML too."""
    import yaml

    check_path(workspace, path)
    there = read_file(workspace.root, path)
    if there is None:
        raise UsageError(f"There is no file {path!r}.", next="Paths start at the root of the workspace.")
    try:
        return yaml.safe_load(there.content.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = str(getattr(error, "problem_mark", "") or "").strip()
        raise ResourceInvalid(f"{path} is not YAML or JSON.", why=where, next="Mend it.", name=path) from error
