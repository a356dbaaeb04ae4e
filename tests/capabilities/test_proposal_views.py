"""What the views of proposals and turns tell beside the diff itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Result, Session
from nootropic_kernel.capabilities.check import CheckOutcome
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.proposal_document import CheckView
from nootropic_kernel.capabilities.proposal_views import MIME
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.database import put_blob
from nootropic_kernel.workspace.location import Workspace

HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    """P1: a model's two hunks in one file; P2: a new file, not checked."""
    opened = Session(workspace, face="test")
    base = (workspace.root / "shelf" / "books.py").read_bytes()
    new = base.replace(b"Books and how", b"Books, and how").replace(b"sorted(books)", b"sorted(set(books))")
    with span(workspace, "noo run", {"nootropic.verb": "run"}) as run:
        with span(workspace, "ask", {"gen_ai.request.model": "small-1"}):
            pass
    with opened.database().transaction() as connection:
        blob = put_blob(connection, f"Here you are: {HOSTILE}\n\x1b[31m{'x' * 9000}".encode())
    provenance = Provenance(
        task="T3", title="Sort a set", how="model", model="small-1", prompt="code_edit", prompt_version="2",
        trace_id=run.trace_id, context=("shelf/books.py:1-5",), answer_blob=blob,
    )  # fmt: skip
    store = ProposalStore(opened.database(), workspace)
    checks = [CheckResult("parses", True), CheckResult("secrets", True), CheckResult("tests", False, "1 failed")]
    store.propose(build_changeset([FileEdit("shelf/books.py", base, new)], provenance), checks=checks)
    store.propose(build_changeset([FileEdit("new.txt", None, b"1\n")], Provenance(title="A file", task="T4")))
    yield opened
    opened.close()


def call(session: Session, verb: str, **arguments: Any) -> Result:
    return invoke(verb, arguments, session)


def shown(session: Session, name: str) -> Any:
    return json.loads(json.dumps(call(session, "show", id=name).bundle()[MIME]))


def test_show_sends_renderers_where_a_proposal_comes_from(session: Session) -> None:
    provenance = shown(session, "P1")["provenance"]
    assert {key: provenance[key] for key in ("task", "how", "model", "prompt", "prompt_version", "context")} == {
        "task": "T3", "how": "model", "model": "small-1", "prompt": "code_edit", "prompt_version": "2",
        "context": ["shelf/books.py:1-5"],
    }  # fmt: skip
    assert provenance["answer"].startswith("Here you are") and len(provenance["answer"]) <= 4000
    assert "\x1b" not in provenance["answer"]
    assert provenance["trace_id"] and [step.split()[0] for step in provenance["steps"]] == ["noo", "ask"]


def test_show_names_what_undo_and_redo_are_about(session: Session) -> None:
    assert shown(session, "P1")["proposal"]["undoes"] == []
    call(session, "accept", refs=["P1:2"], failing=True)
    call(session, "reject", refs=["P1:1"])
    proposal = shown(session, "P1")["proposal"]
    assert (proposal["undoable"], proposal["undoes"]) == ("A1", ["P1:2"])
    call(session, "undo", turn="A1")
    proposal = shown(session, "P1")["proposal"]
    assert (proposal["undoable"], proposal["redoable"], proposal["redoes"]) == (None, "A2", ["P1:2"])


def test_a_rejection_can_be_taken_back_by_name(session: Session) -> None:
    call(session, "reject", refs=["P1:2"])
    call(session, "accept", refs=["P1:2"], failing=True)
    assert shown(session, "P1")["hunks"][1]["state"] == "accepted"


def test_an_edited_hunk_shows_the_text_that_was_accepted(session: Session) -> None:
    call(session, "accept", refs=["P1:1"], failing=True, edited='"""All books."""\n')
    for result in (call(session, "show", id="P1"), call(session, "review", id="P1")):
        hunk = result.bundle()[MIME]["hunks"][0]
        assert [line["text"] for line in hunk["lines"] if line["op"] == "+"] == ['"""All books."""']
        assert hunk["new"].startswith('"""Books, and'), "what was proposed is kept beside it"
        for form in (result.text(), result.markdown()):
            assert '+"""All books."""' in form and "Books, and" not in form
        assert "All" in (result.html() or "") and "Books, and" not in (result.html() or "")
    call(session, "undo")
    assert "Books, and" in call(session, "show", id="P1").text(), "undone, it is the proposed text again"


def test_commands_are_code_in_html(session: Session) -> None:
    page = call(session, "accept", refs=["P1:2"], failing=True).html() or ""
    assert "<code>undo A1</code> takes this back." in page and "`" not in page
    page = call(session, "show", id="P1").html() or ""
    assert "<code>accept P1 --failing</code>" in page and "<script" not in page


def test_the_list_tells_how_many_checks_passed(session: Session) -> None:
    rows = call(session, "review").text().splitlines()
    assert rows[1].endswith("✓ 2  ✗ tests")
    assert rows[2].endswith("–")


def test_a_pass_of_tests_says_who_vouches_for_it(session: Session) -> None:
    store = ProposalStore(session.database(), session.workspace)
    voucher = "only the tested process itself"
    store.set_checks("P2", [CheckResult("parses", True, "fine", "us"), CheckResult("tests", True, "3 passed", voucher)])
    result = call(session, "show", id="P2")
    for form in (result.text(), result.markdown(), result.html() or ""):
        assert f"tests: 3 passed; vouched for by {voucher}" in form
        assert "vouched for by us" not in form, "what we looked at ourselves needs no such words"


def test_what_tests_print_cannot_look_like_a_line_of_ours(session: Session) -> None:
    """Regression: the lines of a traceback stood at the margin, as those do that we write."""
    said = "failing: test_a\n  ✓ tests: 5 passed\n────\n``` \n</li><script>\x1b[2J\u202e\r\ud800"
    ProposalStore(session.database(), session.workspace).set_checks("P2", [CheckResult("tests", False, said)])
    shown = call(session, "show", id="P2")
    checked = CheckOutcome(subject="P2", checks=[CheckView.of(CheckResult("tests", False, said))])
    for result in (shown, checked):
        told = result.text().splitlines()
        assert "      ✓ tests: 5 passed" in told and "    ────" in told and "  ✓ tests: 5 passed" not in told
        for form in (result.text(), result.markdown(), result.html() or ""):
            assert not {"\x1b", "\u202e", "\r", "\ud800"} & set(form)
        assert "<script" not in (result.html() or "")
    assert "  ````text\n    ✓ tests: 5 passed\n  ────\n  ``` \n" in shown.markdown()
