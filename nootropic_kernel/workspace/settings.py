"""Settings and trust: the person's own file grants; a workspace file may only narrow.

The person's file is ``~/.nootropic/config.json``; a repository may carry ``nootropic.json``. What comes with a
repository is data, so its file can never name a URL, a backend, a plugin or allow the cloud.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

from nootropic_kernel.workspace.backend_settings import BackendSettings, read_backend
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace, person_home
from nootropic_kernel.workspace.measuring import Measuring

WORKSPACE_FILE = "nootropic.json"
_MEASURING = ("telemetry", "tariff", "prices", "budget")
# These protect: an entry that cannot be read must not pass as one that was never made.
_FIRST_ENTRY = {"telemetry": "promptText", "budget": "perDayUsd"}
Location: TypeAlias = Literal["any", "local", "cloud"]
T = TypeVar("T")
_MAX_BYTES = 1_000_000


class SettingsUnwritable(NootropicError):
    """The person's settings file cannot be changed as it stands."""


@dataclass(frozen=True)
class Settings:
    """The settings in force for one workspace; ``problems`` are sentences about what was not understood.

    ``model_location`` keeps to models that are ``local`` or in the ``cloud``; with ``any`` both may be asked.
    ``workspace_service`` lets one background process own the loaded model; it ends when nobody has used it for
    ``service_idle_minutes``.
    """

    model_preference: tuple[str, ...] = ()
    use_gpu: bool = True
    max_model_size_gb: float | None = None
    allow_cloud_fallback: bool = False
    model_location: Location = "any"
    commit_on_accept: bool = True
    backends: Mapping[str, BackendSettings] = field(default_factory=dict)
    trusted_plugins: Mapping[str, str] = field(default_factory=dict)
    measuring: Measuring = field(default_factory=Measuring)
    workspace_service: bool = True
    service_idle_minutes: float = 10.0
    problems: tuple[str, ...] = ()


def person_settings_file() -> Path:
    """The person's own settings file."""
    return person_home() / "config.json"


def load_settings(workspace: Workspace | None) -> Settings:
    """The person's settings, narrowed by the workspace's file. A broken file never raises: it is reported."""
    problems: list[str] = []
    person_file = person_settings_file()
    settings = _from_person(_read(person_file, problems), person_file, problems)
    if workspace is not None:
        file = workspace.root / WORKSPACE_FILE
        settings = _narrow(settings, _read(file, problems), file, problems)
    return replace(settings, problems=tuple(problems))


def update_person_settings(change: Callable[[dict[str, Any]], None]) -> None:
    """Apply ``change`` to the person's settings document and write it atomically, other keys kept.

    :raises SettingsUnwritable: when the file holds something that is not a JSON object, or cannot be written.
    """
    file = person_settings_file()
    problems: list[str] = []
    document = _read(file, problems)
    if problems:
        raise SettingsUnwritable(problems[0], next=f"Mend {file} by hand, then run this again.", path=str(file))
    change(document)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".config-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2, sort_keys=True)
            stream.write("\n")
        Path(temporary).replace(file)
    except OSError as error:
        raise SettingsUnwritable(
            f"{file} cannot be written.", why=error.strerror or "", next="Make it writable.", path=str(file)
        ) from error


def _read(file: Path, problems: list[str]) -> dict[str, Any]:
    try:
        text = _text_of(file)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{file} cannot be read ({error}); it is ignored.")
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{file} is not valid JSON ({error}); it is ignored.")
        return {}
    if not isinstance(document, dict):
        problems.append(f"{file} must hold a JSON object; it is ignored.")
        return {}
    return document


def _text_of(file: Path) -> str:
    """The file's text; a repository's settings may be a pipe or a device, which would never end."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError("it is not a regular file")
        if facts.st_size > _MAX_BYTES:
            raise OSError(f"it is larger than {_MAX_BYTES} bytes")
        return stream.read()


def _from_person(document: dict[str, Any], file: Path, problems: list[str]) -> Settings:
    read = _Reader(document, file, problems)
    backends: dict[str, BackendSettings] = {}
    for name, entry in read.mapping("backends").items():
        try:
            backends[name] = read_backend(name, entry)
        except ValueError as error:
            problems.append(f"{file}: backend {name!r} {error}; it is ignored.")
    settings = Settings(
        model_preference=read.texts("modelPreference"),
        use_gpu=read.boolean("useGPU", True),
        max_model_size_gb=read.number("maxModelSizeGB"),
        allow_cloud_fallback=read.boolean("allowCloudFallback", False),
        model_location=read.location("modelLocation"),
        commit_on_accept=read.boolean("commitOnAccept", True),
        backends=backends,
        workspace_service=read.boolean("workspaceService", True),
        service_idle_minutes=read.number("serviceIdleMinutes") or Settings.service_idle_minutes,
        trusted_plugins={k: v for k, v in read.mapping("trustedPlugins").items() if isinstance(v, str)},
        measuring=Measuring.of_person(read.sections(), read.tell),
    )
    read.report_unknown()
    return settings


def _narrow(settings: Settings, document: dict[str, Any], file: Path, problems: list[str]) -> Settings:
    if not document:
        return settings
    read = _Reader(document, file, problems)
    for grant in ("backends", "trustedPlugins"):
        if grant in document:
            read.known.add(grant)
            problems.append(f"{file}: {grant!r} is ignored, because only your own settings can grant it.")
    if document.get("allowCloudFallback") is True and not settings.allow_cloud_fallback:
        problems.append(f"{file}: 'allowCloudFallback' is ignored, because only your own settings can allow it.")
    mine = settings.model_preference
    wanted = tuple(name for name in read.texts("modelPreference") if name in mine)
    if not _before_local(wanted, settings, unsure=False) <= _before_local(mine, settings, unsure=True):
        problems.append(f"{file}: 'modelPreference' is ignored, because it puts a cloud before your local models.")
        wanted = ()
    location = read.location("modelLocation")
    if location == "cloud" and settings.model_location != "cloud":
        problems.append(f"{file}: 'modelLocation' is ignored, because only your own settings can send work to a cloud.")
    size, own = read.number("maxModelSizeGB"), settings.max_model_size_gb
    narrowed = replace(
        settings,
        # A repository may reorder or drop what the person named; it cannot bring in a name of its own.
        model_preference=wanted or mine,
        use_gpu=settings.use_gpu and read.boolean("useGPU", True),
        max_model_size_gb=own if size is None else size if own is None else min(own, size),
        allow_cloud_fallback=settings.allow_cloud_fallback and read.boolean("allowCloudFallback", True),
        model_location="local" if location == "local" else settings.model_location,
        commit_on_accept=settings.commit_on_accept and read.boolean("commitOnAccept", True),
        measuring=settings.measuring.narrowed(read.sections(), read.tell),
        workspace_service=settings.workspace_service and read.boolean("workspaceService", True),
    )
    read.report_unknown()
    return narrowed


def _before_local(names: tuple[str, ...], settings: Settings, unsure: bool) -> set[str]:
    """The clouds among ``names`` that no local backend stands before; ``unsure`` says whether a name that is no
    backend's, and may be that of a local model, counts as one."""
    found: set[str] = set()
    for name in names:
        backend = settings.backends.get(name)
        if backend is not None and not backend.is_local:
            found.add(name)
        elif unsure or backend is not None or name == "embedded":
            break
    return found


class _Reader:
    """Reads typed values from a settings document and collects sentences about those of the wrong type."""

    def __init__(self, document: dict[str, Any], file: Path, problems: list[str]) -> None:
        self.document = document
        self.file = file
        self.problems = problems
        self.known: set[str] = set()

    def boolean(self, key: str, default: bool) -> bool:
        value = self._get(key)
        return (
            default
            if value is None
            else value
            if isinstance(value, bool)
            else self._wrong(key, "true or false", default)
        )

    def number(self, key: str) -> float | None:
        value = self._get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value > 0):
            return value
        return self._wrong(key, "a number above 0", None)

    def location(self, key: str) -> Location:
        value = self._get(key)
        if value is None or value in get_args(Location):
            return cast(Location, value or "any")
        # It protects: what cannot be read must not pass as what was never said.
        self.problems.append(f"{self.file}: {key!r} must be any, local or cloud; it is taken as local.")
        return "local"

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return self._wrong(key, "a list of texts", ())

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._get(key)
        return {} if value is None else value if isinstance(value, dict) else self._wrong(key, "an object", {})

    def sections(self) -> dict[str, dict[str, Any]]:
        """The sections about measuring; one that is no object stands for its first entry (``"telemetry": "off"``)."""
        for name, first in _FIRST_ENTRY.items():
            if not isinstance(self.document.get(name), dict | None):
                self.document = {**self.document, name: {first: self.document[name]}}
        return {name: self.mapping(name) for name in _MEASURING}

    def tell(self, sentence: str) -> None:
        self.problems.append(f"{self.file}: {sentence}")

    def report_unknown(self) -> None:
        for key in sorted(set(self.document) - self.known):
            self.problems.append(f"{self.file}: the key {key!r} is not known; it is ignored.")

    def _get(self, key: str) -> Any:
        self.known.add(key)
        return self.document.get(key)

    def _wrong(self, key: str, wanted: str, default: T) -> T:
        self.problems.append(f"{self.file}: {key!r} must be {wanted}; it is ignored.")
        return default
