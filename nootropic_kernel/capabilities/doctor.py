"""``doctor``: what this machine and workspace have, what they lack, and the command that mends each."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.service import service_state
from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.discovery import GATEWAY, Found, discover
from nootropic_kernel.models.files import is_present, is_verified
from nootropic_kernel.models.router import candidates
from nootropic_kernel.sandbox import levels
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.settings import person_settings_file

_GROUPS = {
    "pipelines": ("dagster", "dagster_webserver", "mlflow", "papermill", "qdrant_client"),
    "learning": ("torch", "transformers", "peft", "bitsandbytes", "datasets"),
}


class Verdict(StrEnum):
    """How a finding stands: fine, missing but not needed for everything, or in the way."""

    OK = "ok"
    OPTIONAL = "optional"
    WRONG = "wrong"


class Finding(BaseModel):
    """One thing that was looked at, and the command or step that mends it."""

    name: str
    verdict: Verdict
    detail: str
    next: str = ""


class DoctorParams(Params):
    """Nothing to say."""


class DoctorResult(Result):
    """Everything that was looked at."""

    findings: list[Finding]

    @property
    def failed(self) -> bool:
        """True when something is in the way."""
        return any(finding.verdict is Verdict.WRONG for finding in self.findings)

    def text(self) -> str:
        """One line a finding, with what mends it below."""
        marks = {Verdict.OK: "ok      ", Verdict.OPTIONAL: "optional", Verdict.WRONG: "WRONG   "}
        lines = []
        for finding in self.findings:
            lines.append(f"{marks[finding.verdict]}  {finding.name}: {finding.detail}")
            if finding.next:
                lines.append(f"            → {finding.next}")
        return "\n".join(lines)


@capability(effect=CapabilityEffect.READ)
def doctor(params: DoctorParams, session: Session) -> DoctorResult:
    """Check this machine and workspace.

    It looks at Python, Git, the models, the JupyterLab extension, the kernel, the sandbox, the installed groups, the
    state folder and your settings, and names the command that mends what is missing. It changes nothing, starts no
    model and uses no network; it only looks whether a model server answers on its usual port of this machine.
    """
    looks = (_python, _git, _state, _settings, _model, _service, _backends, _servers, _lab, _kernel, _sandbox, _groups)
    findings: list[Finding] = []
    for look in looks:
        try:
            findings.extend(look(session))
        except (NootropicError, OSError) as error:
            findings.append(_wrong(look.__name__.strip("_"), str(error), getattr(error, "next", "")))
    return DoctorResult(findings=findings)


def _python(session: Session) -> Iterator[Finding]:
    yield _ok("Python", f"{platform.python_version()} at {sys.executable}")


def _git(session: Session) -> Iterator[Finding]:
    if shutil.which("git") is None:
        yield _wrong(
            "Git", "not found", "Install Git (Debian: `apt-get install git`; macOS: `xcode-select --install`)."
        )
        return
    git = Git(session.workspace.root)
    yield _ok("Git", git.text("--version").removeprefix("git version ").strip())
    if not session.workspace.has_git:
        yield _optional("Repository", "none here: changes are written, not committed", "`noo init --git` makes one.")
    elif git.identity_environment():
        yield _optional(
            "Git identity",
            "not set: commits are made as Nootropic",
            '`git config --global user.name "…"` and `git config --global user.email "…"`',
        )
    else:
        yield _ok("Git identity", "set")


def _state(session: Session) -> Iterator[Finding]:
    folder = session.workspace.state_dir
    notes = [note for note in session.workspace.notes if note.startswith("State")]
    there = folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())
    if not _writable(there):
        yield _wrong("State folder", f"{folder} cannot be written", "Make it writable, or set NOOTROPIC_HOME.")
    else:
        yield _ok("State folder", " ".join([str(folder), "" if folder.exists() else "(made on first use)", *notes]))


def _settings(session: Session) -> Iterator[Finding]:
    problems = session.settings().problems
    for problem in problems:
        yield _wrong("Settings", problem, "Mend the file by hand.")
    if not problems:
        yield _ok("Settings", "understood")


def _model(session: Session) -> Iterator[Finding]:
    model = find_model()
    pull = f"`noo models pull` ({model.source.size / 1e6:.0f} MB, once)"
    if not is_present(model):
        damaged = model.path.exists()
        detail = f"{model.name} is {'incomplete' if damaged else 'not on this machine'}"
        yield (_wrong if damaged else _optional)("Embedded model", detail, pull)
    elif not is_verified(model):
        yield _wrong("Embedded model", f"{model.path} is damaged", pull)
    else:
        yield _ok("Embedded model", f"{model.name} at {model.path}")
    if importlib.util.find_spec("xllamacpp") is None:
        yield _wrong("Engine", "xllamacpp is not installed", _pip("xllamacpp"))
    else:
        yield _ok("Engine", f"xllamacpp {importlib.metadata.version('xllamacpp')}")


def _service(session: Session) -> Iterator[Finding]:
    state = service_state(session.workspace)
    if state.obstacle:
        detail = f"{state.obstacle} Each process loads a model of its own."
        yield _optional("Workspace service", detail, "Mend that, and all processes share one loaded model.")
    else:
        yield _ok("Workspace service", state.words())


def _backends(session: Session) -> Iterator[Finding]:
    settings = session.settings()
    for backend in candidates(settings, session.workspace):
        if backend.name in settings.backends:
            state = backend.available()
            name = f"Backend {backend.name}"
            if state.ok:
                yield _ok(name, f"{settings.backends[backend.name].url} (not contacted)")
            else:
                yield _wrong(name, state.reason, state.next)


def _servers(session: Session) -> Iterator[Finding]:
    named = {urlsplit(backend.url).port for backend in session.settings().backends.values()}
    for found in discover():
        if urlsplit(found.url).port not in named:
            yield _served(found)


def _served(found: Found) -> Finding:
    if found.kind == GATEWAY:
        # It serves this person's own models: to name it among them would lead back to itself.
        detail = f"{found.url} answers {found.probe.version}, with the models of a workspace of yours"
        step = "Other programs use it with the key that `noo serve` showed."
        return Finding(name=found.title, verdict=Verdict.OK, detail=detail, next=step)
    models = ", ".join(found.probe.models[:5]) or "no model that it names"
    version = f" {found.probe.version}" if found.probe.version else ""
    entry = {"kind": found.kind, "url": found.url, "model": next(iter(found.probe.models), "…")}
    name = found.kind.replace("openai-compatible", "local")
    settings = {"backends": {name: entry}, "modelPreference": [name]}
    step = f"To use it, put into {person_settings_file()}: {json.dumps(settings, ensure_ascii=False)}"
    return Finding(
        name=found.title, verdict=Verdict.OK, detail=f"{found.url} answers{version}, with {models}", next=step
    )


def _lab(session: Session) -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    page = _first(jupyter_path("labextensions"), "nootropic-lab/package.json")
    server = _first(jupyter_config_path(), "jupyter_server_config.d/nootropic_lab.json")
    if page and server:
        yield _ok("Lab extension", str(page.parent))
        return
    lacking = " and ".join(
        name for name, found in (("the page's part", page), ("the server's part", server)) if not found
    )
    node = "" if shutil.which("node") else " (its build fetches Node, which is not here)"
    yield _optional("Lab extension", f"not installed: {lacking}", f"`make lab` in a clone builds it{node}.")


def _kernel(session: Session) -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_path

    found = _first(jupyter_path("kernels"), "nootropic/kernel.json")
    if found:
        yield _ok("Kernel", str(found.parent))
    else:
        yield _optional("Kernel", "the kernelspec is not installed", _pip("nootropic"))


def _sandbox(session: Session) -> Iterator[Finding]:
    found = levels()
    lacking = " ".join(f"{level.name}: {level.why}" for level in found if not level.works)
    active = next((level for level in found if level.works), None)
    bubblewrap = "Install bubblewrap (Debian: `apt-get install bubblewrap`)."
    if active is None:
        yield _optional("Sandbox", f"{lacking} Code that we did not write runs only after you approved it.", bubblewrap)
    elif active is not found[-1]:
        yield _ok("Sandbox", active.description)
    else:
        yield _optional("Sandbox", f"{active.description}. Stronger ones do not work here: {lacking}", bubblewrap)


def _groups(session: Session) -> Iterator[Finding]:
    for group, modules in _GROUPS.items():
        lacking = [name for name in modules if importlib.util.find_spec(name) is None]
        if not lacking:
            yield _ok(f"Group {group}", "installed")
        else:
            missing = "not installed" if len(lacking) == len(modules) else f"lacks {', '.join(lacking)}"
            yield _optional(f"Group {group}", missing, f"`make demo` in a clone, or {_pip(f'nootropic[{group}]')}")


def _first(folders: list[str], inside: str) -> Path | None:
    return next((path for folder in folders if (path := Path(folder) / inside).is_file()), None)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _pip(package: str) -> str:
    return f"`{sys.executable} -m pip install '{package}'`"


def _ok(name: str, detail: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OK, detail=detail.strip())


def _optional(name: str, detail: str, next: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OPTIONAL, detail=detail, next=next)


def _wrong(name: str, detail: str, next: str) -> Finding:
    return Finding(name=name, verdict=Verdict.WRONG, detail=detail, next=next)
