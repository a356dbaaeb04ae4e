"""Rendering one template of a project, in Jinja's sandbox, from files that were read into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError

CONTEXT_FILE = "cookiecutter.json"
_MOST_BYTES = 20_000_000
_MOST_FILES = 2_000
_TRIMMING = ("trim_blocks", "lstrip_blocks")


class TemplateInvalid(NootropicError):
    """A template that cannot be used; it names the file and what is wrong in it."""

    def __init__(self, template: str, why: str) -> None:
        super().__init__(
            f"The template {template!r} cannot be used.", why=why, next="Mend it, or choose another.", template=template
        )


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


class Renderer:
    """Renders one layer."""

    def __init__(
        self, template: Template, defaults: Mapping[str, Any], given: Mapping[str, Any], below: dict[str, str]
    ) -> None:
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
        shown = {path: data.decode("utf-8") for path, (data, _) in self._sources.items() if _is_text(data)}
        below |= {f"{template.name}/{path.partition('/')[2]}": text for path, text in shown.items()}
        trimming = template.settings.get("_jinja2_env_vars", {})
        known = {key: bool(trimming.get(key)) for key in _TRIMMING} if isinstance(trimming, dict) else {}
        self._environment = Environment(loader=DictLoader({**below, **shown}), keep_trailing_newline=True, **known)
        if template.settings.get("_extensions"):
            self.notes.append(f"The Jinja extensions that the template {template.name} names were not loaded.")
        if any(path.startswith("hooks/") for path in self._sources):
            self.notes.append(
                f"The hooks of the template {template.name} were not run; read them, and run them by hand."
            )
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
                plain = not _is_text(data) or any(
                    fnmatchcase(own, each) or fnmatchcase(target, each) for each in copied
                )
                content = data if plain else self._text(path, context)
                if target in found:
                    raise TemplateInvalid(self.template.name, f"{own} and {found[target].source} both make {target}.")
                found[target] = RenderedFile(content, executable, own)
        return found

    def _path(self, path: str, context: Mapping[str, Any]) -> str | None:
        """The path that a name gives; None where a part of it is empty: that is how files are left out."""
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
        number = getattr(error, "lineno", None)
        line = f" (line {number})" if number else ""
        raise TemplateInvalid(self._template, f"{self._path}{line}: {error or type(error).__name__}") from error


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
