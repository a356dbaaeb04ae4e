"""The first token in JupyterLab's chat, seen in the browser, against the bare engine, in one run.

    python experiments/benchmarks/lab_chat.py [--rounds 5]

Both answer the same messages (the chat's instructions and a question, in a repository that has nothing to send along),
with the embedded model's file and the same threads. "Ours" is from the press of Enter to the first character of the
answer on the page: page, server, service, engine, socket, page. "Bare" is the engine's own callback in a process of
its own. The rounds are interleaved, each question is new to both; the first of each is a warm-up and not counted.
Needs the embedded model (`make demo` fetches it), the built front end and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_model import TOPICS, Bare
from playwright.sync_api import Page, sync_playwright

from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.prompts import load_prompt

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 120_000
# Sends what stands in the input, and gives the milliseconds to the first character of an answer.
SEND = """message => new Promise(resolve => {
  const box = document.querySelector('.noo-chat-input');
  const log = document.querySelector('.noo-chat-log');
  const before = log.querySelectorAll('.noo-chat-entry').length;
  box.value = message;
  const started = performance.now();
  const watch = new MutationObserver(() => {
    const entries = log.querySelectorAll('.noo-chat-entry');
    const answer = entries.length > before ? entries[entries.length - 1].querySelector('.noo-chat-answer') : null;
    if (answer && answer.textContent.trim() !== '') {
      watch.disconnect();
      resolve(performance.now() - started);
    }
  });
  watch.observe(log, {childList: true, subtree: true, characterData: true});
  box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}));
})"""


@contextmanager
def jupyter(repo: Path, home: Path) -> Iterator[str]:
    """JupyterLab on a repository; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token, base = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    folders = ("CONFIG", "DATA", "RUNTIME")
    env = {**os.environ, **{f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in folders}}
    env |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    config = home / "config" / "labconfig" / "page_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={repo}"]
    command += ["--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet, cwd=repo)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{base}/api/status?token={token}", timeout=5).close()
                break
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.2)
        yield f"{base}/lab?token={token}"
    finally:
        process.terminate()
        process.wait()


def ask(page: Page, question: str) -> float:
    """Seconds from Enter to the first character, in a chat of its own; waits until the answer has ended."""
    page.get_by_role("button", name="New", exact=True).click()
    took: float = page.evaluate(SEND, question)
    page.wait_for_selector(".noo-chat-entry:last-of-type .noo-chat-facts, .noo-chat-entry .noo-notice", timeout=WAIT_MS)
    return took / 1000


def main() -> int:
    """Measure, print a report and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise SystemExit("Chromium is not installed.")
    system = load_prompt("chat").fill("system").strip()
    questions = [f"{topic}? Say one short sentence." for topic in TOPICS]
    found: dict[str, list[float]] = {"chat": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        repo = Path(folder) / "repository"
        repo.mkdir()
        subprocess.run(["git", "init", "-q", str(repo)], check=True)
        bare = Bare(find_model(), max(1, (os.cpu_count() or 2) - 1))
        try:
            with jupyter(repo, Path(folder) / "jupyter") as address:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page()
                page.set_default_timeout(WAIT_MS)
                page.goto(address)
                page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('nootropic:open-chat')")
                page.evaluate("() => window.jupyterapp.restored")
                page.evaluate("() => void window.jupyterapp.commands.execute('nootropic:open-chat')")
                page.wait_for_selector(".noo-chat .noo-panel-state.noo-mod-empty")
                for number in range(rounds + 1):
                    question = questions[number % len(questions)]
                    order = ["chat", "bare"] if number % 2 else ["bare", "chat"]
                    for side in order:
                        if side == "chat":
                            found[side].append(ask(page, question))
                        else:
                            found[side].append(float(bare.ask(question, 64, system=system)["first_s"]))
                browser.close()
        finally:
            bare.close()
    chat, engine = found["chat"][1:], found["bare"][1:]
    added = statistics.median(mine - theirs for mine, theirs in zip(chat, engine, strict=True))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"first token in the chat {statistics.median(chat):.3f} s, bare engine {statistics.median(engine):.3f} s")
    print(f"added, median of {rounds}: {added * 1000:.0f} ms; load {load:.1f}")
    print(json.dumps({"chat_s": chat, "bare_s": engine, "added_ms": round(added * 1000), "load": load}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
