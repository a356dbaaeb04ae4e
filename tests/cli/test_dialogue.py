"""``noo chat`` at a real terminal, and with standard input from a pipe."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pexpect

from tests.agents.scripted_model import scripted_model
from tests.models.conftest import ServeScript, serve  # noqa: F401
from tests.models.endless_answer import begun, name_backends
from tests.promises.rooms import environment, noo

NOO = [sys.executable, "-m", "nootropic_kernel.cli"]


def terminal(folder: Path, *words: str) -> pexpect.spawn[str]:
    """A ``noo`` at a terminal of its own."""
    env = environment(TERM="dumb")
    return pexpect.spawn(NOO[0], [*NOO[1:], *words], cwd=str(folder), env=env, encoding="utf-8", timeout=90)


def test_a_conversation_at_the_terminal(repo: Path, tmp_path: Path, person_home: Path) -> None:
    with scripted_model(tmp_path, person_home, ["First answer.", "Second answer."]) as model:
        child = terminal(repo, "chat", "--no-search")
        child.expect("Ctrl-D ends")
        child.expect_exact("> ")
        child.sendline("Hello \\")
        child.expect_exact(". ")
        child.sendline("there")
        child.expect("First answer.")
        child.expect("C1, turn 1")
        assert "First answer." not in child.before  # what was streamed is not shown again
        child.expect_exact("> ")
        child.sendline("And @file:gone.py?")
        child.expect("There is no file")
        child.expect_exact("> ")
        child.sendline("And now?")
        child.expect("Second answer.")
        child.expect("C1, turn 2")
        child.expect_exact("> ")
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0 and "Hello \nthere" in model.prompts()[0]


def test_a_stop_at_the_terminal_ends_the_answer_not_the_chat(
    repo: Path,
    person_home: Path,
    serve: ServeScript,  # noqa: F811
) -> None:
    name_backends(person_home, s=serve(*begun("Once upon"), {"sleep": 600}).url)
    child = terminal(repo, "chat", "--no-search")
    child.expect_exact("> ")
    child.sendline("Tell me")
    child.expect("Once upon")
    began = time.monotonic()
    child.sendintr()
    child.expect("marked as stopped")
    assert time.monotonic() - began < 10
    child.expect_exact("> ")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "Once upon [stopped]" in noo(repo, "chats", "show", "C1").stdout


def test_a_question_from_a_pipe(repo: Path, tmp_path: Path, person_home: Path) -> None:
    with scripted_model(tmp_path, person_home, ["An answer."]):
        done = noo(repo, "chat", stdin="What is this?\n")
        assert done.returncode == 0 and done.stdout.startswith("An answer.\n")
        assert json.loads(noo(repo, "chat", "-", "--json", stdin="And that?").stdout)["turn"] == 2
        assert noo(repo, "chat").returncode == 2  # nothing was said
