"""Prompts as files: ``experiments/prompts/<name>-<version>.yaml``, with semantic versions side by side.

A placeholder is ``{{name}}``. What is filled in is data: braces in it are text, and nothing in it is expanded. A file
of the workspace takes the place of a shipped one of the same name and version, and may add versions.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid, list_names, load_yaml

SCHEMA = "nootropic/prompt@1"
_FILE = re.compile(r"(?P<name>[a-z][a-z0-9_]*)-(?P<version>(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))")
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*([a-z][a-z0-9_]*)\s*")
_KEYS = {"schema", "name", "version", "description", "template", "parts", "settings"}


class NoSuchPrompt(NootropicError):
    """There is no prompt of that name or version."""


class PromptVariables(NootropicError):
    """The values do not fit the placeholders; ``data`` has the ``missing`` and the ``unknown`` names."""


@dataclass(frozen=True)
class Prompt:
    """A prompt of one version.

    :param parts: templates by name; a prompt of one template has it as ``user``.
    :param settings: what the code that uses the prompt may be told by it.
    """

    name: str
    version: str
    parts: Mapping[str, str]
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of it as one text, for registries, searches and diffs: the template, or the parts under headings."""
        if list(self.parts) == ["user"]:
            return self.parts["user"]
        return "\n".join(f"=== {part} ===\n{text.rstrip()}\n" for part, text in self.parts.items())

    @property
    def sha256(self) -> str:
        """Changes with every word of it."""
        content = json.dumps([self.name, self.version, dict(self.parts), dict(self.settings)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def variables(self, part: str | None = None) -> tuple[str, ...]:
        """The names of the placeholders of a part, or of all of them, in the order in which they first stand."""
        texts = self.parts.values() if part is None else [self.parts[part]]
        names = [match[1].strip() for text in texts for match in _BRACES.finditer(text)]
        return tuple(dict.fromkeys(names))

    def fill(self, part: str = "user", **values: object) -> str:
        """A part with its placeholders filled.

        :raises PromptVariables: when a value is missing, or one is given that the part has no place for.
        """
        wanted = self.variables(part)
        missing, unknown = sorted(set(wanted) - set(values)), sorted(set(values) - set(wanted))
        if missing or unknown:
            faults = [f"Not given: {', '.join(missing)}."] if missing else []
            faults += [f"Not in the prompt: {', '.join(unknown)}."] if unknown else []
            raise PromptVariables(
                f"The values do not fit {part!r} of the prompt {self.name} {self.version}.",
                why=" ".join(faults),
                next=f"It takes: {', '.join(wanted) or 'none'}.",
                missing=missing,
                unknown=unknown,
            )
        return _BRACES.sub(lambda match: str(values[match[1].strip()]), self.parts[part])


def prompt_versions(workspace: Workspace | None = None) -> dict[str, tuple[str, ...]]:
    """The versions of each prompt, oldest first."""
    found: dict[str, list[str]] = {}
    for stem in list_names("prompts", workspace):
        if match := _FILE.fullmatch(stem):
            found.setdefault(match["name"], []).append(match["version"])
    return {name: tuple(sorted(versions, key=version_key)) for name, versions in sorted(found.items())}


def load_prompt(name: str, version: str | None = None, workspace: Workspace | None = None) -> Prompt:
    """A prompt, of the newest version unless one is named.

    :raises NoSuchPrompt: when there is none of that name or version.
    :raises ResourceInvalid: when its file is not as it should be.
    """
    known = prompt_versions(workspace)
    if name not in known:
        raise NoSuchPrompt(f"There is no prompt {name!r}.", next=f"Known: {', '.join(known)}.", name=name)
    if version is not None and version not in known[name]:
        have = ", ".join(known[name])
        raise NoSuchPrompt(f"The prompt {name!r} has no version {version!r}.", next=f"It has: {have}.", name=name)
    version = version or known[name][-1]
    return _read(load_yaml("prompts", f"{name}-{version}", workspace), name, version)


def version_key(version: str) -> tuple[int, ...]:
    """The order of semantic versions: 1.10.0 is newer than 1.9.0."""
    return tuple(int(number) for number in version.split("."))


def _read(told: Any, name: str, version: str) -> Prompt:
    if not isinstance(told, dict):
        raise _invalid(name, version, "It must hold a mapping.")
    if told.get("schema") != SCHEMA or _unknown(told):
        wrong = f" Not known: {', '.join(_unknown(told))}." if _unknown(told) else ""
        raise _invalid(name, version, f"Its schema must be {SCHEMA}.{wrong}")
    if (told.get("name"), told.get("version")) != (name, version):
        raise _invalid(name, version, "Its name and its version (in quotes) must be those of the file's name.")
    if ("template" in told) == ("parts" in told):
        raise _invalid(name, version, "It needs a template, or parts.")
    parts = told["parts"] if "parts" in told else {"user": told["template"]}
    settings, description = told.get("settings", {}), told.get("description", "")
    if not (
        isinstance(parts, dict) and parts and all(isinstance(text, str) for pair in parts.items() for text in pair)
    ):
        raise _invalid(name, version, "Each template must be a text.")
    if not isinstance(settings, dict) or not isinstance(description, str):
        raise _invalid(name, version, "Settings must be a mapping, and the description a text.")
    for text in parts.values():
        for match in _BRACES.finditer(text):
            if not _NAME.fullmatch(match[1]):
                raise _invalid(name, version, f"{match[0][:60]!r} is no placeholder: write {{{{a_name}}}}.")
    return Prompt(name, version, parts, description, settings)


def _unknown(told: Mapping[str, Any]) -> list[str]:
    """The keys of a prompt's file that mean nothing."""
    return sorted(str(key) for key in told if key not in _KEYS)


def _invalid(name: str, version: str, why: str) -> ResourceInvalid:
    return ResourceInvalid(
        f"The prompt {name}-{version}.yaml cannot be used.", why=why, next="Mend or remove the file.", name=name
    )
