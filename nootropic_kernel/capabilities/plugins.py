"""Plugins: finding them, trusting them, describing them in a process of their own, loading their verbs.

A plugin is an installed distribution with an entry point in the group ``nootropic.plugins`` (trusted by
its installation), or a folder in the workspace's ``plugins/``. A folder comes with the repository, so it is
listed and not imported until the person trusts its exact content; what is then run are the very bytes that
were compared, whatever compiled leftovers lie beside them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.plugin_folders import BadPlugin as BadPlugin
from nootropic_kernel.workspace.plugin_folders import Folder as Folder
from nootropic_kernel.workspace.plugin_folders import digest, entry_points, read_content
from nootropic_kernel.workspace.plugin_folders import find_folders as find_folders
from nootropic_kernel.workspace.plugin_folders import installed_paths as installed_paths
from nootropic_kernel.workspace.settings import load_settings

_PATIENCE_S = 60.0


class PluginNotTrusted(NootropicError):
    """A plugin folder whose content the person has not trusted."""


@dataclass(frozen=True)
class Source:
    """Where a provider's code comes from: ``core``, ``entry-point`` or ``folder``."""

    kind: str
    name: str
    location: str = ""
    sha256: str = ""


def folder_source(folder: Folder) -> Source:
    """The source to describe and load a plugin folder from."""
    return Source("folder", folder.name, folder.path, folder.sha256)


# --- entry points -----------------------------------------------------------------------------


def entry_point_sources(root: Path) -> list[Source]:
    """The plugins that installed packages announce."""
    paths = installed_paths(root)
    return [Source("entry-point", name, json.dumps(paths)) for name in sorted(entry_points(paths))]


# --- describing, apart ------------------------------------------------------------------------


def describe_apart(source: Source) -> dict[str, Any]:
    """Describe a provider in a process of its own: an exit, a crash or a hang there harms nobody.

    :raises BadPlugin: with what went wrong.
    """
    command = [sys.executable, "-P", "-m", "nootropic_kernel.capabilities.describe", json.dumps(asdict(source))]
    # The child finds what we find, except what lies in the current folder.
    here = os.path.realpath(os.getcwd())
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = [entry for entry in sys.path if entry and (entry == own or os.path.realpath(entry) != here)]
    if own not in paths:
        # A checkout that runs from its own folder must find itself, and not another that is installed.
        paths.insert(0, own)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            cwd=Path(__file__).anchor,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _bad(source, f"It did not answer within {_PATIENCE_S:.0f} seconds.") from error
    except OSError as error:
        raise _bad(source, f"Python could not be started: {error}") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _bad(source, f"Its process ended with {done.returncode}. {last}".strip()) from error
    if "error" in answer:
        raise _bad(source, str(answer["error"]))
    return dict(answer["manifest"])


def _bad(source: Source, why: str) -> BadPlugin:
    if source.kind == "core":
        return BadPlugin("Nootropic cannot describe its own verbs.", why=why, next="Run the installation again.")
    return BadPlugin(
        f"The plugin {source.name} is skipped.",
        why=why,
        next="Mend it or take it away; the rest works without it.",
    )


# --- loading ----------------------------------------------------------------------------------


def load_verb(source: Source, verb: str, module: str, function: str) -> Callable[..., Any]:
    """Import the function behind a verb.

    :raises PluginNotTrusted: when a folder's content is no longer what the person trusted.
    """
    if source.kind == "core":
        # The registry is a file; whatever it says, only modules of this package are ours to import.
        if not module.startswith("nootropic_kernel.capabilities."):
            raise ImportError(f"{module} is not a module of capabilities")
        found = getattr(importlib.import_module(module), function)
        if getattr(getattr(found, "__capability__", None), "verb", None) != verb:
            raise ImportError(f"{module}.{function} is not the verb {verb}")
        return found  # type: ignore[no-any-return]
    for candidate in load_describe(source)()["capabilities"]:
        if candidate.__capability__.verb == verb:
            return candidate  # type: ignore[no-any-return]
    raise ImportError(f"{source.name} no longer offers {verb}")


def load_describe(source: Source) -> Callable[[], Any]:
    """Import a plugin and return its ``describe``."""
    if source.kind == "folder":
        loaded: Any = _import_folder(source)
    else:
        loaded = entry_points(json.loads(source.location))[source.name].load()
    describe = loaded if callable(loaded) else getattr(loaded, "describe", None)
    if not callable(describe):
        raise TypeError("it has no function describe()")
    return describe  # type: ignore[no-any-return]


def _import_folder(source: Source) -> ModuleType:
    folder = Path(source.location)
    content = read_content(folder)
    if digest(content) != source.sha256 or load_settings(None).trusted_plugins.get(source.location) != source.sha256:
        raise PluginNotTrusted(
            f"The plugin {source.name} is not loaded.",
            why="Its content is not what you have trusted.",
            next=f"Read it, then run `noo plugin trust {source.name}`.",
        )
    package = f"_nootropic_plugin_{source.sha256[:16]}"
    if package not in sys.modules:
        sys.meta_path.insert(0, _SealedFinder(package, folder, content))
    main = f"{package}.plugin" if "plugin.py" in content else package
    return importlib.import_module(main)


class _SealedFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves one plugin's modules from the bytes that were compared with the trusted ones, and from nothing else."""

    def __init__(self, package: str, folder: Path, content: Mapping[str, bytes]) -> None:
        self.package = package
        self.folder = folder
        self.content = content

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module of this plugin."""
        if fullname != self.package and not fullname.startswith(self.package + "."):
            return None
        inner = fullname[len(self.package) + 1 :].replace(".", "/")
        for name, is_package in ((f"{inner}/__init__.py".lstrip("/"), True), (f"{inner}.py", False)):
            if name in self.content:
                return self._spec(fullname, name, is_package)
        return self._spec(fullname, "", True) if not inner else None

    def _spec(self, fullname: str, name: str, is_package: bool) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(
            fullname, self, origin=str(self.folder / name), loader_state=name, is_package=is_package
        )
        spec.has_location = bool(name)
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's own bytes."""
        spec = module.__spec__
        name = str(spec.loader_state) if spec is not None else ""
        if name:
            source = importlib.util.decode_source(self.content[name])
            exec(compile(source, str(self.folder / name), "exec", dont_inherit=True), module.__dict__)
