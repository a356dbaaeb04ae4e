"""A review at a real terminal: hunk by hunk, in the person's editor and pager, and stopped with Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect  # type: ignore[import-untyped]
import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import commit, numbers, propose
from tests.cli.test_command import CHECKOUT
from tests.conftest import git

pytestmark = pytest.mark.slow

PATIENCE_S = 120


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    """P1: three hunks in a.py."""
    opened = Session(workspace)
    commit(opened, {"a.py": numbers(3)})
    propose(opened, FileEdit("a.py", numbers(3), numbers(3, "other")))
    yield opened
    opened.close()


def noo(session: Session, *arguments: str, **variables: str) -> Any:
    """Run `noo` at a terminal of 30 lines."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
    environment.pop("NO_COLOR", None)
    return pexpect.spawn(
        sys.executable, ["-m", "nootropic_kernel.cli", *arguments], cwd=session.workspace.root, env=environment,
        encoding="utf-8", timeout=PATIENCE_S, dimensions=(30, 100),
    )  # fmt: skip


def states(session: Session) -> list[str]:
    proposal = ProposalStore(session.database(), session.workspace).get("P1")
    return [hunk.state.value for hunk in proposal.changeset.hunks]


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_hunk_by_hunk_with_the_persons_editor(session: Session, tmp_path: Path) -> None:
    editor = script(tmp_path / "editor", 'sed -i s/other/mine/ "$1"')
    terminal = noo(session, "review", "-i", EDITOR=editor, VISUAL="")
    terminal.expect_exact("Accept P1:1? ")
    assert "\x1b[31m-    return \x1b[7mvalue\x1b[27m + 0\x1b[0m" in terminal.before
    terminal.sendline("y")
    terminal.expect_exact("Accept P1:2? ")
    terminal.sendline("e")
    terminal.expect_exact("Accept P1:3? ")
    terminal.sendline("n")
    terminal.expect_exact("2 to accept, 1 to reject, 0 left undecided.")
    terminal.expect_exact("Carry this out? ")
    terminal.sendline("y")
    terminal.expect_exact("A1: accepted P1:1, P1:2 in a.py")
    terminal.expect(pexpect.EOF)
    assert states(session) == ["accepted", "edited", "rejected"]
    assert b"return mine + 1" in (session.workspace.root / "a.py").read_bytes()
    assert git(session.workspace.root, "log", "-1", "--format=%s") == "A change"


def test_quitting_at_the_end_carries_out_nothing(session: Session) -> None:
    terminal = noo(session, "review", "P1", "-i")
    terminal.expect_exact("Accept P1:1? ")
    terminal.sendline("A")
    terminal.expect_exact("Carry this out? [y,n,u,k,g,/,q,?] ")
    terminal.sendline("q")
    terminal.expect_exact("Nothing was carried out")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0 and states(session) == ["pending"] * 3


def test_ctrl_c_carries_out_nothing_and_says_so(session: Session) -> None:
    terminal = noo(session, "review", "P1", "--interactive")
    terminal.expect_exact("Accept P1:1? ")
    terminal.sendline("A")
    terminal.expect_exact("Carry this out? ")
    terminal.sendintr()
    terminal.expect_exact("nothing was written")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert states(session) == ["pending"] * 3


def test_long_results_open_the_persons_pager(session: Session, tmp_path: Path) -> None:
    pager = script(tmp_path / "pager", 'echo "paged with $LESS"; head -c 5 >/dev/null')
    terminal = noo(session, "review", PAGER=pager)
    terminal.expect_exact("paged with FRX")
    terminal.expect(pexpect.EOF)
    for arguments, variables in ((["review", "--no-pager"], {"PAGER": pager}), (["review"], {"PAGER": "cat"})):
        terminal = noo(session, *arguments, **variables)
        terminal.expect_exact("3 to decide")
        assert "paged with" not in terminal.before
        terminal.expect(pexpect.EOF)
        assert "paged with" not in terminal.before
