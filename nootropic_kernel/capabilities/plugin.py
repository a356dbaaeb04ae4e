"""``plugin``: which plugins there are, and which of the workspace's the person trusts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities import plugins
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.registry import Registry, load_registry
from nootropic_kernel.capabilities.typed_words import nearest
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.settings import update_person_settings


class PluginParams(Params):
    """What to do with which plugin."""

    action: Literal["list", "trust", "untrust"] = Field(
        "list", description="What to do.", json_schema_extra={"position": 0}
    )
    name: str | None = Field(
        None, description="The plugin's folder name.", json_schema_extra={"position": 1, "complete": "plugin"}
    )


class PluginState(BaseModel):
    """One plugin and where it stands."""

    name: str
    kind: Literal["entry-point", "folder"]
    state: Literal["in use", "not trusted", "broken"]
    verbs: list[str] = []
    path: str = ""
    sha256: str = ""
    note: str = ""


class PluginResult(Result):
    """The plugins after the action."""

    message: str
    plugins: list[PluginState]

    def text(self) -> str:
        """The message, then one line a plugin."""
        lines = [self.message]
        for item in self.plugins:
            verbs = f": {', '.join(item.verbs)}" if item.verbs else ""
            note = f" ({item.note})" if item.note else ""
            lines.append(f"  {item.name}  {item.state}{verbs}{note}")
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def plugin(params: PluginParams, session: Session) -> PluginResult:
    """List plugins; trust or stop trusting one of the workspace's.

    A plugin in the workspace's `plugins/` folder came with the repository, so nothing of it runs until you
    trust it. Read its code first. Trust is for exactly this content and is kept in your own settings; once
    the content changes, the plugin is left out again. Installed plugins are trusted by their installation.
    """
    if params.action == "list":
        if params.name is not None:
            raise UsageError("`plugin list` takes no name.", next="Leave it out.")
        states = _states(load_registry(session.workspace))
        return PluginResult(message=f"{len(states)} plugins." if states else "There are no plugins.", plugins=states)
    if params.name is None:
        raise UsageError(f"`plugin {params.action}` needs a name.", next="`noo plugin list` shows them.")
    folder = _folder(params.name, session)
    if params.action == "trust":
        if not folder.sha256:
            raise plugins.BadPlugin(f"{folder.name} cannot be trusted.", why=folder.why, next="Mend it first.")
        _note(lambda trusted: trusted.__setitem__(folder.path, folder.sha256))
        message = f"You trust {folder.name} with its present content ({folder.sha256[:12]})."
    else:
        _note(lambda trusted: trusted.pop(folder.path, None))
        message = f"{folder.name} is no longer trusted; nothing of it will be loaded again."
    return PluginResult(message=message, plugins=_states(load_registry(session.workspace)))


def _folder(name: str, session: Session) -> plugins.Folder:
    folders = {folder.name: folder for folder in plugins.find_folders(session.workspace.root, {})}
    if name not in folders:
        close = nearest(name, folders)
        known = (
            f"`plugins/` has {', '.join(folders)}." if folders else "The workspace has no `plugins/` folder with one."
        )
        raise UsageError(
            f"There is no plugin folder `{name[:60]}`.",
            why=known,
            next=f"Did you mean `{close}`?" if close else "`noo plugin list` shows the plugins.",
        )
    return folders[name]


def _note(change: Any) -> None:
    def apply(document: dict[str, Any]) -> None:
        change(document.setdefault("trustedPlugins", {}))

    update_person_settings(apply)


def _states(registry: Registry) -> list[PluginState]:
    found = []
    for provider in registry.providers[1:]:
        source = provider["source"]
        found.append(
            PluginState(
                name=source["name"],
                kind=source["kind"],
                state="in use",
                verbs=[entry["verb"] for entry in provider["capabilities"]],
                path=source["location"] if source["kind"] == "folder" else "",
                sha256=source["sha256"],
            )
        )
    for item in registry.untrusted:
        found.append(
            PluginState(
                name=item["name"],
                kind="folder",
                state="not trusted",
                path=item["path"],
                sha256=item["sha256"],
                note=item["why"],
            )
        )
    for problem in registry.problems:
        if problem["provider"] != "nootropic":
            found.append(PluginState(name=problem["provider"], kind="folder", state="broken", note=problem["message"]))
    return found
