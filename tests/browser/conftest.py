"""A real JupyterLab with the extension, and a real browser that looks at it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, expect, sync_playwright

from tests.browser.lab import SLOW_S, Lab
from tests.gates import CHROMIUM_NAMES, NO_CHROMIUM

ROOT = Path(__file__).resolve().parents[2]
FRONT_END = ROOT / "jupyter_extension"
# A busy machine is no fault of the page.
expect.set_options(timeout=SLOW_S * 1000)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test failed, so that its last picture can be kept."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """The installed browser; without one the tests fail and name what to install."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    pytest.fail(NO_CHROMIUM, pytrace=False)


@pytest.fixture
def screenshots() -> Path | None:
    """Where pictures go: ``NOOTROPIC_SCREENSHOTS``; without it none are taken."""
    named = os.environ.get("NOOTROPIC_SCREENSHOTS")
    if not named:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Server:
    """JupyterLab's server, which a test may end and start again at its address."""

    def __init__(self, command: list[str], env: dict[str, str], base: str, token: str, repo: Path, log: Path) -> None:
        self.address = f"{base}/lab?token={token}"
        self.log = log
        self._command, self._env, self._repo = command, env, repo
        self._status = f"{base}/api/status?token={token}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdout=out, stderr=out, cwd=self._repo, start_new_session=True
            )
        _wait_for(self._status, self._process, self.log)

    def end(self) -> None:
        """End it, as its person does."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                # A server that is starting a kernel may not hear the signal.
                self.kill()
            self._process = None

    def kill(self) -> None:
        """End it at once, and its kernels, which have sessions of their own: nobody waits for them any more."""
        if self._process is not None and self._process.poll() is None:
            server = psutil.Process(self._process.pid)
            for process in [*server.children(recursive=True), server]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait(10)
        self._process = None

    def forget_everybody(self) -> None:
        """From its next start on it has another token, and knows nobody's login any more."""
        old, new = self.address.rpartition("=")[2], secrets.token_hex(16)
        self._command = [part.replace(old, new) for part in self._command]
        self._status = self._status.replace(old, new)
        self.address = self.address.replace(old, new)
        (Path(self._env["JUPYTER_RUNTIME_DIR"]) / "jupyter_cookie_secret").unlink()


@pytest.fixture
def disabled() -> list[str]:
    """The plugins that the person disabled; a test that wants some says which."""
    return []


@pytest.fixture
def within() -> list[str]:
    """The command within which the server runs; a test that wants another view of the files gives one."""
    return []


@pytest.fixture
def packs() -> list[Path]:
    """Folders of Python packages that JupyterLab's server finds besides; a test that wants some says which."""
    return []


@pytest.fixture
def lab_settings() -> dict[str, dict[str, object]]:
    """What the person set in JupyterLab before it starts, by plugin."""
    return {}


@pytest.fixture
def jupyter(
    repo: Path,
    person_home: Path,
    tmp_path: Path,
    disabled: list[str],
    within: list[str],
    packs: list[Path],
    lab_settings: dict[str, dict[str, object]],
    described_verbs: Path,
) -> Iterator[Server]:
    """The running server of JupyterLab on the test's repository."""
    home, cache = tmp_path / "jupyter", tmp_path / "cache"
    shutil.copytree(described_verbs, cache)
    env = {**os.environ, **_places(home), "NOOTROPIC_CACHE": str(cache)}
    env["PYTHONPATH"] = os.pathsep.join([*map(str, packs), str(_lean(home)), env.get("PYTHONPATH", "")])
    for plugin, values in lab_settings.items():
        kept = home / "settings" / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(values))
    # The pop-up that asks whether to fetch news would lie over the page.
    page_config = home / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    gone = ["@jupyterlab/apputils-extension:announcements", *disabled]
    # Nobody builds JupyterLab here: to ask whether it could be built starts Node.js.
    no_build = {"buildAvailable": False, "buildCheck": False}
    page_config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(gone, True), **no_build}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        *within,
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={repo}"),
        # Gives the tests `window.jupyterapp`.
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
    ]
    running = Server(command, env, f"http://127.0.0.1:{port}", token, repo, tmp_path / "server.log")
    try:
        running.start()
        yield running
    finally:
        running.kill()
        print(running.log.read_text(errors="replace")[-4000:])


@pytest.fixture
def server(jupyter: Server) -> str:
    """The address to open, with its token."""
    return jupyter.address


def _places(home: Path) -> dict[str, str]:
    """Jupyter folders of the test's own, and where the extension and the kernel are found."""
    places = {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    installed = Path(sys.prefix) / "share" / "jupyter"
    if (installed / "labextensions" / "nootropic-lab" / "package.json").is_file():
        return places
    built = FRONT_END / "nootropic_lab" / "labextension"
    if not (built / "package.json").is_file():
        pytest.fail("The lab extension is not built: run `make front-end` first.", pytrace=False)
    share, config = home / "share", home / "etc"
    (share / "labextensions").mkdir(parents=True)
    (share / "labextensions" / "nootropic-lab").symlink_to(built)
    shutil.copytree(ROOT / "nootropic_kernel" / "kernelspec", share / "kernels" / "nootropic")
    (config / "jupyter_server_config.d").mkdir(parents=True)
    shutil.copy(FRONT_END / "jupyter-config" / "nootropic_lab.json", config / "jupyter_server_config.d")
    path = os.pathsep.join(map(str, (ROOT, ROOT / "pipelines", FRONT_END)))
    return {**places, "JUPYTER_PATH": str(share), "JUPYTER_CONFIG_PATH": str(config), "PYTHONPATH": path}


def _lean(home: Path) -> Path:
    """A folder for Python that hides a package which takes most of a server's start: it checks addresses."""
    folder = home / "lean"
    folder.mkdir(parents=True)
    (folder / "rfc3987_syntax.py").write_text('raise ImportError("not needed here")\n')
    return folder


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SLOW_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    pytest.fail("JupyterLab did not start.\n" + log.read_text(errors="replace")[-4000:], pytrace=False)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """The running browser; each test has a context of its own in it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=QUIET, timeout=SLOW_S * 1000)
        yield running
        running.close()


@pytest.fixture
def lab(
    server: str, browser: Browser, screenshots: Path | None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """JupyterLab in a browser window. Any error of the page, or on its console, fails the test."""
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"console: {message.text} {message.location.get('url', '')}")

    def broken(error: Error) -> None:
        faults.append(f"page: {error}")

    context = browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(SLOW_S * 1000)
    page = context.new_page()
    page.on("console", heard)
    page.on("pageerror", broken)
    opened = Lab(page, server, screenshots)
    yield opened
    if request.node.stash.get(_FAILED, False):
        page.screenshot(path=(screenshots or tmp_path) / f"failed-{request.node.name}.png")
    context.close()
    unexpected = [fault for fault in faults if not any(part in fault for part in opened.refusals)]
    assert not unexpected, "\n".join(unexpected)
