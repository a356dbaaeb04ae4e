"""Which ids complete for which verb, and how fast where there are many."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.completion import complete
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call, propose_many


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace)
    yield opened
    opened.close()


def typed(session: Session, line: str) -> list[str]:
    *words, current = line.split(" ")
    return [candidate.text for candidate in complete(session.workspace, words, current)]


def test_each_verb_is_offered_what_it_can_do_something_about(session: Session) -> None:
    propose_many(session, files=2, hunks=2)
    assert typed(session, "accept P") == ["P1"] and typed(session, "undo P") == []
    assert typed(session, "accept P1") == ["P1", "P1:", "P1/"]
    assert typed(session, "accept P1/") == ["P1/pkg/m00.py", "P1/pkg/m01.py"]
    call(session, "accept", refs=["P1:1", "P1:3"])
    call(session, "reject", refs=["P1:2"])
    assert typed(session, "accept P1:") == typed(session, "reject P1:") == ["P1:4"]
    assert typed(session, "accept P1:4 P1:") == [], "what is named already is not offered again"
    assert typed(session, "edit P1:") == ["P1:2", "P1:4"]
    assert typed(session, "accept P1/") == ["P1/pkg/m01.py"]
    assert typed(session, "undo ") == ["A1", "P1"] and typed(session, "undo P1:") == ["P1:1", "P1:3"]
    assert typed(session, "redo A") == typed(session, "redo P") == []
    call(session, "undo", refs=["A1"])
    assert typed(session, "undo A") == [] and typed(session, "redo A") == ["A2"]
    assert typed(session, "redo P1:") == ["P1:1", "P1:3"]
    assert typed(session, "show P1:") == [f"P1:{k}" for k in range(1, 5)]
    assert typed(session, "review P1 --file ") == ["pkg/m00.py", "pkg/m01.py"]


def test_many_hunks_are_bounded_and_found_by_what_is_typed(session: Session) -> None:
    propose_many(session, files=5, hunks=100)
    complete(session.workspace, ["accept"], "P1:")  # the registry is read once
    began = time.process_time()
    found = typed(session, "accept P1:")
    spent = time.process_time() - began
    assert len(found) == 200 and spent < 1.0
    assert typed(session, "accept P1:49") == ["P1:49", *(f"P1:{k}" for k in range(490, 500))]
