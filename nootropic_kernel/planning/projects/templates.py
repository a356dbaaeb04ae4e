"""Cookiecutter templates of projects: which there are, and what they give for a project, as bytes in memory.

A template is what Cookiecutter takes for one: a folder with ``cookiecutter.json`` and a folder whose name holds
``{{cookiecutter.…}}``. Three additions, all in ``cookiecutter.json``:

- ``_extends`` names the template below; files of the same name take the place of its files, and may build on them by
  ``{% extends "NAME/path" %}``;
- a path that names ``{{entity.…}}`` is rendered once for each of ``cookiecutter.entities``;
- ``_archetypes``, ``_provides``, ``_provides_sql`` and ``_provides_each`` tie it to plans (see
  ``experiments/templates/README.md``).

What comes with a repository is data: text is rendered in Jinja's sandbox, links are refused, extensions that a template
names are not loaded, and its hooks are not run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nootropic_kernel.planning.projects.rendering import (
    CONTEXT_FILE,
    RenderedFile,
    Renderer,
    Template,
    TemplateInvalid,
)
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import shipped_folder

_KIND = "templates"


class NoSuchTemplate(NootropicError):
    """No template of that name."""


@dataclass(frozen=True)
class Rendered:
    """Every file by its path in the project, and what was left out, in sentences."""

    files: Mapping[str, RenderedFile]
    notes: tuple[str, ...] = ()


class TemplateLibrary:
    """The templates that one workspace can use: the workspace's own first, then plugins', then the shipped ones."""

    def __init__(self, workspace: Workspace | None, plugins: Sequence[Path] = ()) -> None:
        self._places: list[tuple[str, Path]] = []
        if workspace is not None:
            own = workspace.root / "experiments" / _KIND
            if own.is_dir() and own.resolve() == workspace.root.resolve() / "experiments" / _KIND:
                self._places.append(("workspace", own))
        self._places += [("plugin", folder) for folder in plugins if folder.is_dir()]
        self._places.append(("shipped", shipped_folder() / _KIND))

    def all(self) -> list[Template]:
        """Every template that makes a project, by name; those that others only build on are left out."""
        found: dict[str, Template] = {}
        for origin, place in self._places:
            for folder in sorted(place.iterdir()):
                if (folder / CONTEXT_FILE).is_file() and not folder.is_symlink() and not folder.name.startswith("_"):
                    found.setdefault(folder.name, _read(folder, origin))
        return [found[name] for name in sorted(found)]

    def find(self, name: str) -> Template:
        """The template of a name, or at a path (a name with ``/``, or a folder that is there).

        :raises NoSuchTemplate: with the names there are. Nothing is ever fetched.
        :raises TemplateInvalid: when it cannot be read.
        """
        if "/" not in name and name not in (".", ".."):
            for origin, place in self._places:
                if _is_template(place / name) and not (place / name).is_symlink():
                    return _read(place / name, origin)
        if "://" not in name and not name.startswith(("git@", "gh:", "gl:", "bb:")):
            try:
                folder = Path(name).expanduser().resolve()
            except (RuntimeError, ValueError):
                folder = None  # the home of nobody, a circle of links, or no path at all
            if folder is not None and _is_template(folder):
                return _read(folder, self._origin_of(folder))
        raise NoSuchTemplate(
            f"There is no template {name!r}.",
            why="Templates are folders on this machine; none is fetched from elsewhere." if ":" in name else "",
            next=f"Known: {', '.join(each.name for each in self.all())}; or name a folder with a {CONTEXT_FILE}.",
            template=name,
        )

    def for_archetype(self, archetype: str) -> Template | None:
        """The first template that says it makes projects of this sort."""
        return next((each for each in self.all() if archetype in each.listed("_archetypes")), None)

    def layers(self, template: Template) -> list[Template]:
        """The template and those below it, lowest first.

        :raises TemplateInvalid: when they go round in a circle, or one is missing.
        """
        found = [template]
        while (below := found[-1].extends) is not None:
            if any(each.name == below for each in found) or len(found) > 10:
                raise TemplateInvalid(template.name, f"`_extends` leads round in a circle at {below!r}.")
            try:
                found.append(self.find(below))
            except NoSuchTemplate as error:
                raise TemplateInvalid(template.name, f"It extends {below!r}, which is not there.") from error
        return found[::-1]

    def render(self, template: Template, given: Mapping[str, Any]) -> Rendered:
        """Every file of the project.

        :param given: values of Cookiecutter's variables; they are text, and are never rendered themselves.
        :raises TemplateInvalid: naming the file that cannot be rendered.
        """
        files: dict[str, RenderedFile] = {}
        notes: list[str] = []
        layers = self.layers(template)
        defaults = {key: value for layer in layers for key, value in layer.settings.items() if not key.startswith("_")}
        below: dict[str, str] = {}
        for layer in layers:
            renderer = Renderer(layer, defaults, given, below)
            files |= renderer.files()
            notes += renderer.notes
        if not files:
            raise TemplateInvalid(template.name, "It makes no file.")
        return Rendered(files, tuple(notes))

    def _origin_of(self, folder: Path) -> str:
        for origin, place in self._places:
            if place.resolve() in folder.parents:
                return origin
        return "path"


def _is_template(folder: Path) -> bool:
    try:
        return (folder / CONTEXT_FILE).is_file()
    except (OSError, ValueError):
        return False  # a name that no folder can have


def _read(folder: Path, origin: str) -> Template:
    try:
        text = (folder / CONTEXT_FILE).read_text(encoding="utf-8")
        settings = json.loads(text)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise TemplateInvalid(folder.name, f"{CONTEXT_FILE}: {error}") from error
    if not isinstance(settings, dict):
        raise TemplateInvalid(folder.name, f"{CONTEXT_FILE} must hold a JSON object.")
    return Template(folder.name, folder, origin, settings)
