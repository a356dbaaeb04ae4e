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
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from engines import TOPICS, StreamingEngine
from lab_page import WAIT_MS, chromium, jupyter, opened
from playwright.sync_api import Page, sync_playwright

from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.prompts import load_prompt

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
    system = load_prompt("chat").fill("system").strip()
    questions = [f"{topic}? Say one short sentence." for topic in TOPICS]
    found: dict[str, list[float]] = {"chat": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        repo = Path(folder) / "repository"
        repo.mkdir()
        subprocess.run(["git", "init", "-q", str(repo)], check=True)
        browser = chromium(playwright)
        bare = StreamingEngine(find_model(), max(1, (os.cpu_count() or 2) - 1))
        try:
            with jupyter(repo, Path(folder) / "jupyter") as address:
                page = opened(browser, address, "nootropic:open-chat")
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
