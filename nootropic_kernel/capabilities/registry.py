"""The registry of verbs: one cached document from which every face makes its commands.

``.nootropic-cache/describe-registry.json`` describes the core and each trusted plugin. Faces read it
and import a verb's module on its first call. This module needs only the standard library; when the
document is stale, child processes look at the providers, so a bad one cannot harm the caller.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nootropic_kernel
from nootropic_kernel.capabilities import plugins
from nootropic_kernel.capabilities.sealed_file import read_sealed, sealed, sealing_key, write_atomically
from nootropic_kernel.capabilities.typed_words import nearest
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace, download_cache, person_home
from nootropic_kernel.workspace.settings import load_settings

REGISTRY_FILE = "describe-registry.json"
SCHEMA = 1
CORE = "nootropic"


@dataclass(frozen=True)
class Entry:
    """One verb as its provider describes it."""

    verb: str
    summary: str
    help: str
    effect: str
    module: str
    function: str
    params: dict[str, Any]
    result: dict[str, Any]
    provider: str
    source: plugins.Source

    @property
    def listed(self) -> bool:
        """Whether a page offers it to a person; every verb can be typed."""
        return self.params.get("unlisted") is not True

    def resolve(self) -> Callable[..., Any]:
        """Import the verb's function.

        :raises NootropicError: when its module cannot be imported, or its plugin is no longer trusted.
        """
        try:
            function = plugins.load_verb(self.source, self.verb, self.module, self.function)
        except NootropicError:
            raise
        except (Exception, SystemExit) as error:
            raise VerbUnavailable(
                f"`{self.verb}` of {self.provider} cannot be loaded.",
                why=f"{type(error).__name__}: {error}",
                next="`noo plugin list` and `noo doctor` tell more.",
                verb=self.verb,
            ) from error
        return function


class VerbUnavailable(NootropicError):
    """A verb is known, but its code cannot be loaded."""


class Registry:
    """What the providers offer, what is wrong with some of them, and which plugins nobody has trusted."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._verbs = {entry.verb: entry for entry in _entries(document)}

    @property
    def problems(self) -> list[dict[str, str]]:
        """Providers that were skipped: ``provider``, ``message``, ``next``."""
        return list(self.document["problems"])

    @property
    def untrusted(self) -> list[dict[str, str]]:
        """Plugin folders that were listed, not imported: ``name``, ``path``, ``sha256``, ``why``."""
        return list(self.document["untrusted"])

    @property
    def providers(self) -> list[dict[str, Any]]:
        """The core and the plugins in use, each with its capabilities."""
        return list(self.document["providers"])

    def verbs(self) -> dict[str, Entry]:
        """All verbs by name."""
        return dict(self._verbs)

    def entry(self, verb: str) -> Entry:
        """The entry of a verb.

        :raises UsageError: for an unknown verb, with the nearest known one.
        """
        found = self._verbs.get(verb) or self._verbs.get(verb.replace("_", "-"))
        if found is not None:
            return found
        close = nearest(verb, self._verbs)
        raise UsageError(
            f"There is no verb `{verb[:60]}`.",
            why=self._why_missing(verb),
            next=f"Did you mean `{close}`?" if close else "`noo --help` lists the verbs.",
            verb=verb[:60],
            nearest=close,
        )

    def _why_missing(self, verb: str) -> str:
        module = verb.replace("-", "_")
        core_is_lost = not self.document["providers"][0]["capabilities"]
        for problem in self.document["problems"]:
            if problem.get("module") == module or (core_is_lost and problem["provider"] == CORE):
                return str(problem["message"])
        return ""


def _entries(document: dict[str, Any]) -> Iterator[Entry]:
    for provider in document["providers"]:
        source = plugins.Source(**provider["source"])
        for capability in provider["capabilities"]:
            yield Entry(provider=provider["name"], source=source, **capability)


_in_memory: dict[tuple[str, str], Registry] = {}


def load_registry(workspace: Workspace) -> Registry:
    """Return the registry of a workspace; rebuild it when something that it describes has changed."""
    trusted = load_settings(workspace).trusted_plugins
    folders = plugins.find_folders(workspace.root, trusted)
    fingerprint = _fingerprint(workspace, folders)
    known = _in_memory.get((str(workspace.root), fingerprint))
    if known is not None:
        return known
    key = sealing_key()
    for file in _homes(workspace):
        document = read_sealed(file, fingerprint, key)
        if document is not None:
            break
    else:
        document = _build(workspace, folders, fingerprint, key)
        if not document["providers"][0]["capabilities"]:
            return Registry(document)  # our own description failed (killed, no memory): the next call tries again
        _write(workspace, document, key)
    registry = Registry(document)
    _in_memory.clear()
    _in_memory[(str(workspace.root), fingerprint)] = registry
    return registry


def _fingerprint(workspace: Workspace, folders: list[plugins.Folder]) -> str:
    seen: list[Any] = [_core_fingerprint()]
    for place in plugins.installed_paths(workspace.root):
        try:
            with os.scandir(place) as found:
                seen += sorted(
                    [entry.name, entry.stat().st_mtime_ns]
                    for entry in found
                    if entry.name.endswith((".dist-info", ".egg-info"))
                )
        except OSError:
            continue
    seen += [[folder.path, folder.sha256, folder.trusted, folder.why] for folder in folders]
    return hashlib.sha256(json.dumps(seen).encode("utf-8", "surrogatepass")).hexdigest()


def _core_fingerprint() -> str:
    """Changes with every source file of ours: a schema may come from any room."""
    root = os.path.dirname(nootropic_kernel.__file__)
    seen: list[Any] = [SCHEMA, nootropic_kernel.__version__, sys.version, root]
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py"):
                facts = os.stat(os.path.join(folder, name))
                seen.append([folder, name, facts.st_mtime_ns, facts.st_size])
    return hashlib.sha256(json.dumps(seen).encode("utf-8", "surrogatepass")).hexdigest()


def _homes(workspace: Workspace) -> list[Path]:
    """Where the document may be: the workspace's cache, or the person's own folder where that is unusable."""
    own = person_home() / "workspaces" / hashlib.sha256(str(workspace.root).encode()).hexdigest()[:16]
    places = [workspace.cache_dir, own / "cache"]
    # A link that came with the repository could lead a write anywhere.
    return [place / REGISTRY_FILE for place in dict.fromkeys(places) if not place.is_symlink()]


def _write(workspace: Workspace, document: dict[str, Any], key: bytes | None) -> None:
    data = (json.dumps(sealed(document, key), indent=1) + "\n").encode()
    for file in _homes(workspace):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(file.parent / ".gitignore", "x") as ignore:  # "x" follows no link that leads elsewhere
                    ignore.write("*\n")
            except FileExistsError:
                pass
            write_atomically(file, data)
            return
        except OSError:
            continue


def _build(workspace: Workspace, folders: list[plugins.Folder], fingerprint: str, key: bytes | None) -> dict[str, Any]:
    problems: list[dict[str, str]] = []
    core = _core_manifest(key)
    problems += core.pop("problems", [])
    providers = [core]
    taken = {capability["verb"]: CORE for capability in core["capabilities"]}
    untrusted = []
    sources = plugins.entry_point_sources(workspace.root)
    for folder in folders:
        if folder.trusted:
            sources.append(plugins.folder_source(folder))
        else:
            untrusted.append({"name": folder.name, "path": folder.path, "sha256": folder.sha256, "why": folder.why})
    for source in sources:
        try:
            manifest = plugins.describe_apart(source)
            _check_clashes(manifest, taken)
        except NootropicError as error:
            problems.append(
                {"provider": source.name, "message": f"{error.what} {error.why}".strip(), "next": error.next}
            )
            continue
        taken |= {capability["verb"]: manifest["name"] for capability in manifest["capabilities"]}
        providers.append(manifest)
    return {
        "schema": SCHEMA,
        "fingerprint": fingerprint,
        "providers": providers,
        "problems": problems,
        "untrusted": untrusted,
    }


def _check_clashes(manifest: dict[str, Any], taken: dict[str, str]) -> None:
    own: set[str] = set()
    for capability in manifest["capabilities"]:
        verb = capability["verb"]
        if verb in own:
            raise plugins.BadPlugin(
                f"The plugin {manifest['name']} is skipped.",
                why=f"It has the verb `{verb}` twice.",
                next="Give one of the two another name.",
            )
        own.add(verb)
        if verb in taken or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", verb):
            raise plugins.BadPlugin(
                f"The plugin {manifest['name']} is skipped.",
                why=f"Its verb `{verb}` is one of {taken[verb]} already."
                if verb in taken
                else f"`{verb}` is no name for a verb.",
                next="Give the verb another name, in lower case with hyphens.",
            )


def _core_manifest(key: bytes | None) -> dict[str, Any]:
    """What the core offers: the same for every workspace, so one description is kept per user."""
    fingerprint = _core_fingerprint()
    file = download_cache() / "registry" / f"core-{fingerprint[:16]}.json"
    known = read_sealed(file, fingerprint, key)
    if known is not None:
        return dict(known["manifest"])
    try:
        manifest = plugins.describe_apart(plugins.Source("core", CORE))
    except NootropicError as error:
        problem = {"provider": CORE, "message": str(error), "next": "Run the installation again."}
        return {**_EMPTY_CORE, "problems": [problem]}
    document: dict[str, Any] = {"fingerprint": fingerprint, "manifest": manifest}
    if key is not None and not manifest.get("problems"):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            for old in file.parent.glob("core-*.json"):
                old.unlink(missing_ok=True)
            write_atomically(file, json.dumps(sealed(document, key)).encode())
        except OSError:
            pass
    return manifest


_EMPTY_CORE: dict[str, Any] = {
    "name": CORE,
    "version": nootropic_kernel.__version__,
    "source": {"kind": "core", "name": CORE, "location": "", "sha256": ""},
    "configSchema": {},
    "capabilities": [],
}
