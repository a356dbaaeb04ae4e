"""Cookiecutter templates of projects: which there are, and what they give for a project, as bytes in memory.

A template is what Cookiecutter takes for one: a folder with ``cookiecutter.json`` and a folder whose name holds
``{{cookiecutter.…}}``. Three additions, all in ``cookiecutter.json``:

- ``_extends`` names the template below; files of the same name take the place of its files, and may build on them by
  ``{% extends "NAME/path" %}``;
- a path that names ``{{entity.…}}`` is rendered once for each of ``cookiecutter.entities``;
- ``_archetypes``, ``_provides`` and ``_provides_each`` tie it to plans (see ``experiments/templates/README.md``).

What comes with a repository is data: text is rendered in Jinja's sandbox, links are refused, extensions that a template
names are not loaded, and its hooks are not run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import shipped_folder

CONTEXT_FILE = "cookiecutter.json"
_KIND = "templates"
_MOST_BYTES = 20_000_000
_MOST_FILES = 2_000
_TRIMMING = ("trim_blocks", "lstrip_blocks")


class TemplateInvalid(NootropicError):
    """A template that cannot be used; it names the file and what is wrong in it."""

    def __init__(self, template: str, why: str) -> None:
        super().__init__(
            f"The template {template!r} cannot be used.", why=why, next="Mend it, or choose another.", template=template
        )


class NoSuchTemplate(NootropicError):
    """No template of that name."""


@dataclass(frozen=True)
class Template:
    """One template, read but not rendered; ``origin`` is shipped, workspace, plugin or path."""

    name: str
    folder: Path
    origin: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """What it makes, in a few words."""
        return str(self.settings.get("_about", ""))

    @property
    def extends(self) -> str | None:
        """The template below it."""
        return str(self.settings["_extends"]) if self.settings.get("_extends") else None

    @property
    def needs_entities(self) -> bool:
        """Whether it makes no sense without a thing; then its own example stands in."""
        return bool(self.settings.get("_needs_entities", False))

    def listed(self, key: str) -> tuple[str, ...]:
        """A list of texts among its settings, such as ``_archetypes``."""
        value = self.settings.get(key, [])
        return tuple(map(str, value)) if isinstance(value, list) else ()


@dataclass(frozen=True)
class RenderedFile:
    """One file of a project; ``source`` is the template's file that it comes from."""

    content: bytes
    executable: bool
    source: str


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

    def list(self) -> list[Template]:
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
                if (place / name / CONTEXT_FILE).is_file() and not (place / name).is_symlink():
                    return _read(place / name, origin)
        if "://" not in name and not name.startswith(("git@", "gh:", "gl:", "bb:")):
            folder = Path(name).expanduser()
            if (folder / CONTEXT_FILE).is_file():
                return _read(folder.resolve(), self._origin_of(folder.resolve()))
        raise NoSuchTemplate(
            f"There is no template {name!r}.",
            why="Templates are folders on this machine; none is fetched from elsewhere." if ":" in name else "",
            next=f"Known: {', '.join(each.name for each in self.list())}; or name a folder with a {CONTEXT_FILE}.",
            template=name,
        )

    def for_archetype(self, archetype: str) -> Template | None:
        """The first template that says it makes projects of this sort."""
        return next((each for each in self.list() if archetype in each.listed("_archetypes")), None)

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
            renderer = _Renderer(layer, defaults, given, below)
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


def _read(folder: Path, origin: str) -> Template:
    try:
        text = (folder / CONTEXT_FILE).read_text(encoding="utf-8")
        settings = json.loads(text)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise TemplateInvalid(folder.name, f"{CONTEXT_FILE}: {error}") from error
    if not isinstance(settings, dict):
        raise TemplateInvalid(folder.name, f"{CONTEXT_FILE} must hold a JSON object.")
    return Template(folder.name, folder, origin, settings)


class _Renderer:
    """Renders one layer."""

    def __init__(self, template: Template, defaults: Mapping[str, Any], given: Mapping[str, Any], below: dict[str, str]) -> None:
        from cookiecutter.environment import StrictEnvironment
        from cookiecutter.prompt import render_variable
        from jinja2 import DictLoader
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        class Environment(StrictEnvironment, ImmutableSandboxedEnvironment):  # type: ignore[misc]
            """Cookiecutter's environment, unable to reach past the values that it is given."""

        self.template = template
        self.notes: list[str] = []
        self._sources = dict(self._read_tree())
        self._top = self._project_folder()
        shown = {
            path: data.decode("utf-8") for path, (data, _) in self._sources.items() if _is_text(data)
        }
        below |= {f"{template.name}/{path.partition('/')[2]}": text for path, text in shown.items()}
        trimming = template.settings.get("_jinja2_env_vars", {})
        known = {key: bool(trimming.get(key)) for key in _TRIMMING} if isinstance(trimming, dict) else {}
        self._environment = Environment(loader=DictLoader({**below, **shown}), keep_trailing_newline=True, **known)
        if template.settings.get("_extensions"):
            self.notes.append(f"The Jinja extensions that the template {template.name} names were not loaded.")
        if any(path.startswith("hooks/") for path in self._sources):
            self.notes.append(f"The hooks of the template {template.name} were not run: read them, and run them by hand.")
        self._values: dict[str, Any] = dict(given)
        for name, default in defaults.items():
            if name not in given:
                plain = default[0] if isinstance(default, list) and default else default  # a list is a choice
                with self._named(CONTEXT_FILE):
                    self._values[name] = render_variable(self._environment, plain, self._values)

    def files(self) -> dict[str, RenderedFile]:
        """Every file of this layer, by its path in the project."""
        entities = self._values.get("entities", [])
        each_of = list(entities.values()) if isinstance(entities, Mapping) else list(entities)
        copied = self.template.listed("_copy_without_render")
        found: dict[str, RenderedFile] = {}
        for path, (data, executable) in self._sources.items():
            if not path.startswith(f"{self._top}/"):
                continue
            own = path[len(self._top) + 1 :]
            for entity in each_of if "{{entity." in own.replace(" ", "") else [None]:
                context = {"cookiecutter": self._values} | ({"entity": entity} if entity is not None else {})
                target = self._path(own, context)
                if target is None:
                    continue
                plain = not _is_text(data) or any(fnmatchcase(own, each) or fnmatchcase(target, each) for each in copied)
                content = data if plain else self._text(path, context)
                if target in found:
                    raise TemplateInvalid(self.template.name, f"{own} and {found[target].source} both make {target}.")
                found[target] = RenderedFile(content, executable, own)
        return found

    def _path(self, path: str, context: Mapping[str, Any]) -> str | None:
        """The path that a name gives; None where its last part, or a folder, is empty: that is how files are left out."""
        parts = []
        for part in path.split("/"):
            with self._named(path):
                made = self._environment.from_string(part).render(**context).strip()
            if not made:
                return None
            parts.append(made)
        return "/".join(parts)

    def _text(self, path: str, context: Mapping[str, Any]) -> bytes:
        with self._named(path):
            return str(self._environment.get_template(path).render(**context)).encode("utf-8")

    def _named(self, path: str) -> _Named:
        return _Named(self.template.name, path)

    def _project_folder(self) -> str:
        tops = {path.split("/")[0] for path in self._sources}
        found = sorted(top for top in tops if "{{" in top and "cookiecutter." in top and "}}" in top)
        if len(found) != 1:
            raise TemplateInvalid(
                self.template.name, "It needs one folder whose name holds `{{cookiecutter.…}}`: the project itself."
            )
        return found[0]

    def _read_tree(self) -> Iterator[tuple[str, tuple[bytes, bool]]]:
        size = count = 0
        for file in sorted(self.template.folder.rglob("*")):
            path = file.relative_to(self.template.folder).as_posix()
            if "__pycache__" in path.split("/"):
                continue
            if file.is_symlink():
                raise TemplateInvalid(self.template.name, f"{path} is a link.")
            if not file.is_file():
                continue
            count, size = count + 1, size + file.stat().st_size
            if count > _MOST_FILES or size > _MOST_BYTES:
                raise TemplateInvalid(
                    self.template.name, f"It has more than {_MOST_FILES} files or {_MOST_BYTES // 1_000_000} MB."
                )
            yield path, (file.read_bytes(), bool(file.stat().st_mode & 0o100))


class _Named:
    """Turns what goes wrong while a file is rendered into an error that names the file."""

    def __init__(self, template: str, path: str) -> None:
        self._template, self._path = template, path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, NootropicError) or not isinstance(error, Exception):
            return
        # A template is somebody's program: whatever it raises is its fault.
        line = f" (line {error.lineno})" if getattr(error, "lineno", None) else ""
        raise TemplateInvalid(self._template, f"{self._path}{line}: {error or type(error).__name__}") from error


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
