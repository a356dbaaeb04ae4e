"""The verb edit, and undo and redo of hunks, called as every face calls them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Result, Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.cli.editor import EditorFailed, edit_text
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, FileEdit, changed, propose, store_with_text


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace, face="test")
    propose(store_with_text(workspace, opened.database()), FileEdit("a.txt", TEXT, changed(5, 25)))
    yield opened
    opened.close()


def call(session: Session, verb: str, **arguments: Any) -> Result:
    return invoke(verb, arguments, session)


def test_a_text_is_kept_shown_and_taken(session: Session) -> None:
    told = call(session, "edit", ref="P1:2", text="mine\n").text()
    assert told == "P1:2 in a.txt holds your text (1 line).\n`accept P1:2` takes it, `edit P1:2 --reset` drops it."
    assert call(session, "edit", ref="P1:2", text="mine\n").text().startswith("Nothing was changed: P1:2")
    dropped = call(session, "edit", ref="P1:2", reset=True)
    assert dropped.document()["edited"] is None and "as it was proposed" in dropped.text()
    call(session, "edit", ref="P1:2", text="mine\n")
    call(session, "accept", refs=["P1"])
    assert b"mine\n" in (session.workspace.root / "a.txt").read_bytes()
    assert "A2: took back P1:2" in call(session, "undo", refs=["P1:2"]).text()
    assert "A3: brought back P1:2" in call(session, "redo", refs=["P1:2"]).text()
    assert "--again" in call(session, "undo", refs=["P1:2"]).text()


def test_without_a_text_an_editor_is_asked(session: Session) -> None:
    with pytest.raises(UsageError, match="Write it below `%%noo edit P1:2`"):
        call(session, "edit", ref="P1:2")
    with pytest.raises(UsageError, match="do not go together"):
        call(session, "edit", ref="P1:2", text="x\n", reset=True)
    seen: list[tuple[str, str]] = []

    def editor(text: str, path: str) -> str:
        seen.append((text, path))
        return "edited\n"

    session.edit_text = editor
    call(session, "edit", ref="P1:2")
    call(session, "edit", ref="P1:2")
    assert seen == [("changed 25\n", "a.txt"), ("edited\n", "a.txt")], "it begins with what the hunk holds"
    with pytest.raises(UsageError, match="names 2 hunks"):
        call(session, "edit", ref="P1")


def test_the_editor_gets_the_text_and_gives_it_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "my editor.py"
    script.write_text("import sys; p = sys.argv[-1]; t = open(p).read(); open(p, 'w').write(t.upper() + '\\n')\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}'")
    assert edit_text("a", "x/y.py") == "A", "an editor's last line end is not the person's"
    monkeypatch.setenv("VISUAL", "false")
    with pytest.raises(EditorFailed, match="ended with 1"):
        edit_text("a", "y.py")
    monkeypatch.setenv("VISUAL", str(tmp_path / "absent"))
    with pytest.raises(EditorFailed, match="did not start"):
        edit_text("a", "y.py")
    monkeypatch.delenv("VISUAL")
    monkeypatch.delenv("EDITOR")
    with pytest.raises(UsageError, match="No editor is named"):
        edit_text("a", "y.py")


def noo(root: Path, *arguments: str, text: str | None = None, terminal: bool = False, **environment: str) -> str:
    command = [sys.executable, "-m", "nootropic_kernel.cli", *arguments]
    env = {**os.environ, **environment}
    if not terminal:
        done = subprocess.run(command, cwd=root, input=text, capture_output=True, text=True, env=env, check=False)
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(command, cwd=root, stdin=theirs, capture_output=True, text=True, env=env, check=False)
        return done.stdout + done.stderr
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.slow
def test_on_the_command_line(session: Session) -> None:
    root = session.workspace.root
    store = ProposalStore(session.database(), session.workspace)
    assert "holds your text" in noo(root, "edit", "P1:1", "-", text="piped\n")
    assert store.get("P1").edited == {1: "piped\n"}
    assert "No editor can be opened" in noo(root, "edit", "P1:2")
    script = root.parent / "editor.py"
    script.write_text("import sys; open(sys.argv[-1], 'a').write('more\\n')\n")
    editor = f"{sys.executable} {script}"
    assert "holds your text (2 lines)" in noo(root, "edit", "P1:2", terminal=True, VISUAL=editor)
    assert store.get("P1").edited == {1: "piped\n", 2: "changed 25\nmore\n"}
