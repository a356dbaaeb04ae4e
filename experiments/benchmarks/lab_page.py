"""A JupyterLab on a repository and the browser's page that shows it, for the benchmarks of the lab extension."""

from __future__ import annotations

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

WAIT_MS = 120_000
START_S = 120
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Runs a command and gives the milliseconds until something is drawn: the frame after the element is there.
DRAWN = """([command, args, selector]) => new Promise(resolve => {
  const started = performance.now();
  const look = () => {
    if (document.querySelector(selector)) {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started), 0));
    } else {
      requestAnimationFrame(look);
    }
  };
  void window.jupyterapp.commands.execute(command, args);
  look();
})"""


@contextmanager
def jupyter(repo: Path, home: Path) -> Iterator[str]:
    """JupyterLab on a repository; gives its address.

    :param home: keeps its settings, so that the person's own do not count.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token, base = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    env = {**os.environ, **{f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}}
    env |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    config = page_config(home)
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={repo}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.expose_app_in_browser=True"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=repo)
    try:
        _wait(f"{base}/api/status?token={token}", process)
        yield f"{base}/lab?token={token}"
    finally:
        process.terminate()
        process.wait()


def page_config(home: Path) -> Path:
    """The file that says which plugins the page leaves out; the server reads it anew for each page."""
    return home / "config" / "labconfig" / "page_config.json"


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("JupyterLab did not start.")


def chromium(playwright: Playwright) -> Browser:
    """The installed Chromium, without a window.

    :raises SystemExit: when there is none.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise SystemExit("Chromium is not installed.")
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])


def opened(browser: Browser, address: str, command: str) -> Page:
    """The page once JupyterLab is restored and knows a command."""
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.wait_for_function("name => window.jupyterapp?.commands.hasCommand(name)", arg=command)
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    return page
