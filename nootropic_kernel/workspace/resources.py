"""The YAML that ships with Nootropic (``experiments/``), and what a workspace may put in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.plugin_folders import shipped_data
from nootropic_kernel.workspace.settings import load_settings

# Only kinds that grant nothing may be replaced by a file of the workspace: a model catalogue, for one, names
# downloads, so it comes from the package alone.
OVERRIDABLE = frozenset({"prompts", "methods", "suites"})
# What a plugin that the person trusts may ship in a folder of that name; the workspace's own files go before.
FROM_PLUGINS = frozenset({"methods"})


class ResourceInvalid(NootropicError):
    """A shipped or overriding YAML file is missing or cannot be read."""


def shipped_folder() -> Path:
    """The folder of shipped YAML: package data in a wheel, ``experiments/`` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "experiments"
    return packaged if packaged.is_dir() else package.parent / "experiments"


def list_names(kind: str, workspace: Workspace | None = None) -> list[str]:
    """The names of all resources of a kind, those that only the workspace has included."""
    return sorted({file.stem for folder in _folders(kind, workspace) for file in folder.glob("*.yaml")})


def load_yaml(kind: str, name: str, workspace: Workspace | None = None) -> Any:
    """The parsed YAML document ``experiments/<kind>/<name>.yaml``, the workspace's own first where it may be.

    :raises ResourceInvalid: when there is none, or it is not valid YAML.
    """
    import yaml

    for folder in _folders(kind, workspace):
        file = folder / f"{name}.yaml"
        if not file.is_file():
            continue
        try:
            # The loader in C reads the same, several times faster; not every build of PyYAML has it.
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ResourceInvalid(
                f"{file} cannot be read.", why=str(error), next="Mend or remove the file.", path=str(file)
            ) from error
    raise ResourceInvalid(
        f"There is no {kind} named {name!r}.", next=f"Known: {', '.join(list_names(kind, workspace))}."
    )


def _folders(kind: str, workspace: Workspace | None) -> list[Path]:
    folders = [shipped_folder() / kind]
    if workspace is not None and kind in FROM_PLUGINS:
        folders = [*shipped_data(workspace.root, load_settings(workspace).trusted_plugins, kind), *folders]
    if workspace is not None and kind in OVERRIDABLE:
        own = workspace.root / "experiments" / kind
        if own.is_dir() and own.resolve() == workspace.root.resolve() / "experiments" / kind:
            folders.insert(0, own)
    return folders
