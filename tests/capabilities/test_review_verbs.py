"""The verbs review, show, accept, reject, undo and redo, called as every face calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Result, Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.proposal_views import MIME
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.changes.accept import ChecksFail
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.layers import NeedsOwnYes
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.database import put_blob
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.changes.test_notebook_changes import as_file, cell, document
from tests.conftest import git

BASE = (
    b'"""Books and how to sort them."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n    return sorted(books)\n'
)
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace, face="test")
    yield opened
    opened.close()


@pytest.fixture
def proposed(session: Session) -> Session:
    """P1: two hunks in one file, with a trace, an answer and a failed check."""
    new = BASE.replace(b"Books and", b"Books &").replace(b"sorted(books)", b"sorted(books, key=str.lower)")
    with span(session.workspace, "noo run", {"nootropic.verb": "run"}) as run:
        with span(session.workspace, "ask", {"gen_ai.request.model": "small-1"}):
            pass
    with session.database().transaction() as connection:
        blob = put_blob(connection, b"Here you are:\n```python\n...")
    provenance = Provenance(
        task="T3", title="Sort without case", how="model", model="small-1", prompt="code_edit", prompt_version="2",
        trace_id=run.trace_id, context=("shelf/books.py:1-5",), answer_blob=blob,
    )  # fmt: skip
    edit = FileEdit("shelf/books.py", BASE, new)
    ProposalStore(session.database(), session.workspace).propose(
        build_changeset([edit], provenance),
        checks=[CheckResult("compiles", True), CheckResult("tests", False, "1 failed", "pytest in the sandbox")],
    )
    return session


def call(session: Session, verb: str, **arguments: Any) -> Result:
    return invoke(verb, arguments, session)


def test_the_document_is_what_renderers_expect(proposed: Session) -> None:
    bundle = call(proposed, "show", id="P1").bundle()
    assert set(bundle) == {"text/plain", "text/markdown", "text/html", MIME}
    data = json.loads(json.dumps(bundle[MIME]))
    assert data["workspace"] == str(proposed.workspace.root)
    assert {k: data["proposal"][k] for k in ("id", "title", "task", "status", "how", "model", "turns")} == {
        "id": "P1", "title": "Sort without case", "task": "T3", "status": "open", "how": "model", "model": "small-1",
        "turns": [],
    }  # fmt: skip
    assert [check["passed"] for check in data["proposal"]["checks"]] == [True, False]
    first, second = data["hunks"]
    assert (first["ref"], first["number"], first["path"], first["kind"], first["state"]) == (
        "P1:1", 1, "shelf/books.py", "text", "pending",
    )  # fmt: skip
    assert [line["op"] for line in second["lines"]] == [" ", " ", " ", "-", "+"]
    assert second["old"] == "    return sorted(books)\n"


def test_show_follows_a_proposal_back_to_task_prompt_context_and_model(proposed: Session) -> None:
    text = call(proposed, "show", id="p1:2").text()
    for told in (
        "task     T3",
        "prompt   code_edit (version 2)",
        "context  shelf/books.py:1-5",
        "model    small-1",
        "    Here you are:",
        "noo run",
        "  ask",
        "✗ tests: 1 failed",
        "+    return sorted(books, key=str.lower)",
    ):
        assert told in text, told
    assert "Books &" not in text, "only the hunk that was named"


def test_review_lists_what_is_open_and_shows_the_only_one(proposed: Session) -> None:
    text = call(proposed, "review").text()
    assert "P1 · Sort without case · open · T3 · model · small-1" in text
    assert "2 to decide: `accept P1 --failing` or `accept P1:1 --failing`" in text
    store = ProposalStore(proposed.database(), proposed.workspace)
    store.propose(build_changeset([FileEdit("new.txt", None, b"1\n")], Provenance(title="A | b", task="T4")))
    listing = call(proposed, "review")
    assert "P1  T3" in listing.text() and "P2  T4" in listing.text()
    assert "A \\| b" in listing.markdown()
    assert "<table>" in (listing.html() or "")
    assert MIME not in listing.bundle() and MIME in call(proposed, "review", id="P2").bundle()


def test_accept_undo_redo_and_again(proposed: Session) -> None:
    done = call(proposed, "accept", refs=["P1:2"], failing=True).document()
    head = git(proposed.workspace.root, "rev-parse", "HEAD")
    assert (done["id"], done["commit"], done["hunks"], done["already"]) == ("A1", head, ["P1:2"], False)
    assert (
        call(proposed, "accept", refs=["P1:2"], failing=True).text()
        == "Nothing was changed (see A1).\nP1:2 is accepted already."
    )
    shown = call(proposed, "show", id="A1").text()
    assert "A1: accepted P1:2 in shelf/books.py" in shown and "+    return sorted(books, key=str.lower)" in shown
    assert "A2: took back P1:2" in call(proposed, "undo").text()
    assert "already undone by A2" in call(proposed, "undo", turn="A1").text()
    assert "A3: brought back P1:2" in call(proposed, "redo", turn="A2").text()
    assert call(proposed, "show", id="P1").bundle()[MIME]["proposal"]["turns"] == ["A1", "A2", "A3"]
    assert call(proposed, "reject", refs=["P1"]).text() == ("Rejected P1:1.\nP1:2 is accepted; `undo` takes it back.")
    assert call(proposed, "review").text() == "Nothing waits for a decision."
    assert call(proposed, "show", id="T3").document()["proposals"][0]["status"] == "partial"


def test_own_text_for_a_hunk(proposed: Session) -> None:
    call(proposed, "accept", refs=["P1:1"], failing=True, edited='"""All books."""\n')
    assert (proposed.workspace.root / "shelf" / "books.py").read_bytes().startswith(b'"""All books."""\n')
    hunk = call(proposed, "show", id="P1:1").bundle()[MIME]["hunks"][0]
    assert (hunk["state"], hunk["edited"]) == ("edited", '"""All books."""\n')
    assert hunk["new"].startswith('"""Books &')


def test_files_that_run_by_themselves_ask_for_their_own_yes(session: Session) -> None:
    store = ProposalStore(session.database(), session.workspace)
    store.propose(build_changeset([FileEdit("conftest.py", None, b"x = 1\n")], Provenance(title="Fixture")))
    asked: list[str] = []
    with pytest.raises(NeedsOwnYes):
        call(session, "accept", refs=["P1"])
    session.approve = lambda question: bool(asked.append(question))
    with pytest.raises(NeedsOwnYes):
        call(session, "accept", refs=["P1"])
    assert "conftest.py" in asked[0]
    session.approve = lambda question: True
    assert call(session, "accept", refs=["P1"]).document()["commit"]


@pytest.mark.parametrize("ref", ["P1", "P1:2", "P1/shelf/books.py"])
def test_what_fails_a_check_is_accepted_only_with_a_yes_of_its_own(proposed: Session, ref: str) -> None:
    escalated = CheckResult("escalated", False, "still failing: tests; a person decides what to do", "nobody")
    for checks in ([CheckResult("tests", False, "fail with this change only: test_sort")], [escalated]):
        ProposalStore(proposed.database(), proposed.workspace).set_checks("P1", checks)
        assert "accept P1 --failing" in call(proposed, "show", id="P1").text(), "told beforehand"
        with pytest.raises(ChecksFail, match=checks[0].detail) as refused:
            call(proposed, "accept", refs=[ref])
        assert refused.value.next is not None and f"`accept {ref} --failing`" in refused.value.next
        assert (proposed.workspace.root / "shelf" / "books.py").read_bytes() == BASE, "nothing was written"
    asked: list[str] = []
    proposed.approve = lambda question: bool(asked.append(question))
    with pytest.raises(ChecksFail):
        call(proposed, "accept", refs=[ref])
    assert "a person decides" in asked[0]
    assert call(proposed, "accept", refs=[ref], failing=True).document()["commit"]
    assert call(proposed, "accept", refs=[ref if ref != "P1" else "P1:1"]).document()["already"], "a cell run again"


def test_a_yes_to_one_refusal_is_none_to_the_other(session: Session) -> None:
    store = ProposalStore(session.database(), session.workspace)
    changeset = build_changeset([FileEdit("conftest.py", None, b"x = 1\n")], Provenance(title="Fixture"))
    store.propose(changeset, checks=[CheckResult("tests", False, "1 failed")])
    with pytest.raises(ChecksFail):
        call(session, "accept", refs=["P1"], allow_executable=True)
    with pytest.raises(NeedsOwnYes):
        call(session, "accept", refs=["P1"], failing=True)
    asked: list[str] = []
    session.approve = lambda question: asked.append(question) is None
    assert call(session, "accept", refs=["P1"]).document()["commit"] and len(asked) == 2


def test_notebook_cells_are_shown_as_their_source(session: Session) -> None:
    old = as_file(document([cell("code", "x = 1", "a"), cell("markdown", "# T", "b")]))
    new = as_file(document([cell("code", "x = 1\ny = 2", "a"), cell("markdown", "# T", "b"), cell("code", "z", "c")]))
    (session.workspace.root / "n.ipynb").write_bytes(old)
    git(session.workspace.root, "add", "n.ipynb")
    git(session.workspace.root, "commit", "-qm", "Notebook")
    store = ProposalStore(session.database(), session.workspace)
    store.propose(build_changeset([FileEdit("n.ipynb", old, new)], Provenance(title="Cells")))
    text = call(session, "review").text()
    assert "code cell 1 changed (a)" in text and "+y = 2" in text and "metadata" not in text
    call(session, "accept", refs=["P1:1"])
    assert "z" not in (session.workspace.root / "n.ipynb").read_text()


def test_texts_of_a_proposal_are_never_markup(session: Session) -> None:
    store = ProposalStore(session.database(), session.workspace)
    edit = FileEdit("page.txt", None, f"{HOSTILE}\n```\n\x1b[31mred\n".encode())
    store.propose(build_changeset([edit], Provenance(title=HOSTILE, how=HOSTILE, model=HOSTILE, task=HOSTILE)))
    for result in (call(session, "review"), call(session, "show", id="P1"), call(session, "show", id=HOSTILE)):
        assert "<script" not in (result.html() or "")
        assert "\x1b" not in result.text()
    assert "````diff" in call(session, "show", id="P1").markdown()


def test_unknown_ids_name_what_there_is(proposed: Session) -> None:
    with pytest.raises(UsageError, match="Ids look like P1, P1:2, A1, T3 or R57"):
        call(proposed, "show", id="nonsense")
    with pytest.raises(Exception, match="Did you mean P1"):
        call(proposed, "accept", refs=["P7"])
    with pytest.raises(Exception, match="There is no turn A9"):
        call(proposed, "undo", turn="A9")
    with pytest.raises(UsageError):
        call(proposed, "accept", refs=[])
    assert call(proposed, "undo").text() == "Nothing was changed.\nThere is nothing to undo."


def test_only_a_person_decides(workspace: Workspace) -> None:
    effects = {verb: str(entry.effect) for verb, entry in load_registry(workspace).verbs().items()}
    assert {verb for verb, effect in effects.items() if effect == "decide"} >= {"accept", "reject", "undo", "redo"}
    assert effects["review"] == effects["show"] == "read"


def test_a_text_that_names_what_is_gone_is_accepted_with_a_word_about_it(session: Session) -> None:
    """Regression: a README proposed before a function got a new name brought the old one in, and nothing was said."""
    lines = b"# Shelf\n\n- `shelf.books.by_title`\n- `shelf.books.by_name`, kept in `shelf.json`\n"
    readme = FileEdit("README.md", b"", lines)
    (session.workspace.root / "README.md").write_bytes(b"")
    git(session.workspace.root, "add", "README.md")
    git(session.workspace.root, "commit", "--quiet", "--message", "A README")
    ProposalStore(session.database(), session.workspace).propose(build_changeset([readme], Provenance(title="List it")))
    told = call(session, "accept", refs=["P1"]).text()
    assert "README.md names shelf.books.by_name, which the code does not have (any more)." in told


def test_a_change_that_leaves_callers_behind_is_accepted_with_a_word_about_them(session: Session) -> None:
    root = session.workspace.root
    books = (root / "shelf" / "books.py").read_bytes()
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "from shelf.books import by_title"}
    (root / "use.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    new = FileEdit("shelf/books.py", books, books.replace(b"by_title", b"sorted_by_title"))
    store = ProposalStore(session.database(), session.workspace)
    store.propose(build_changeset([new], Provenance(title="Another name")))
    told = call(session, "accept", refs=["P1"]).text()
    where = "tests/test_books.py (line 1) and use.ipynb (cell 1, line 1)"
    assert f"shelf/books.py has no by_title any more, and {where} still use it." in told
    moved = FileEdit("shelf/books.py", new.new, books)
    store.propose(build_changeset([moved], Provenance(title="The old name again")))
    assert "any more" not in call(session, "accept", refs=["P2"]).text()
