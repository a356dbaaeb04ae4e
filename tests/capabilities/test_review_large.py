"""A review of any size: what there is first, then parts of it, within bounds, and saying what is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.proposal_drawing import HTML_CHARACTERS, PAGE_HUNKS
from nootropic_kernel.capabilities.proposal_views import MIME
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult, NoSuchProposal
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call, commit, numbers, propose, propose_many
from tests.conftest import git

pytestmark = pytest.mark.slow


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace)
    yield opened
    opened.close()


def test_five_hundred_hunks_stay_usable(session: Session) -> None:
    propose_many(session, files=20, hunks=25)
    call(session, "review", id="P1")  # modules and statements are loaded once
    began = time.process_time()
    result = call(session, "review", id="P1")
    bundle = result.bundle()
    whole = result.pager_text() or ""
    assert time.process_time() - began < 5  # about 0.2 s alone on the machine
    text = bundle["text/plain"]
    assert "500 hunks in 20 files: 500 to decide" in text and "pkg/m19.py   25 hunks" in text
    assert text.count("[pending]") == PAGE_HUNKS and "Page 1 of 10: `review P1 --page 2`" in text
    assert whole.count("[pending]") == 500 and "Page " not in whole
    last = call(session, "review", id="P1", page=10).text()
    assert "P1:500 " in last and "P1:450 " not in last and "Page 10 of 10" in last
    page = bundle["text/html"]
    assert page.count("<details") == 20 and page.count("<details open>") == 1
    assert bundle["text/markdown"].count("```diff") == PAGE_HUNKS
    assert len(json.dumps(bundle)) < 1_000_000
    assert len(bundle[MIME]["hunks"]) == 500


def test_what_would_make_the_page_too_large_is_named(session: Session) -> None:
    huge = {f"f{k}.txt": ("word " * 300 + "\n").encode() * 500 for k in range(4)}
    propose(session, *(FileEdit(path, None, data) for path, data in huge.items()))
    bundle = call(session, "review", id="P1").bundle()
    assert len(bundle["text/html"]) < 10 * HTML_CHARACTERS and len(bundle["text/plain"]) < 10 * HTML_CHARACTERS
    assert "1 hunk not drawn here: <code>review P1 --file f3.txt</code>" in bundle["text/html"]
    hunks = bundle[MIME]["hunks"]
    assert hunks[3]["lines"] == [{"op": " ", "text": "… left out here: `review P1:4` shows it"}]
    assert hunks[3]["new"] == huge["f3.txt"].decode(), "the text to edit is never cut"


def test_parts_of_a_proposal(session: Session) -> None:
    propose_many(session, files=2, hunks=3)
    call(session, "accept", refs=["P1:1", "P1:5"])
    pending = call(session, "review", id="P1", pending=True).text()
    assert "4 of 6 hunks in 2 files: 4 to decide" in pending and "P1:1 " not in pending
    one_file = call(session, "review", id="P1", file="pkg/m01.py").text()
    assert "P1:4 " in one_file and "P1:3 " not in one_file and "2 to decide: `accept P1/pkg/m01.py`" in one_file
    assert "6 hunks" in call(session, "review", id="P1", file="pkg/*").text()
    first = call(session, "review", next=True).text()
    assert "Hunk 2 of 6, 4 to decide. `review P1:2 --next` goes on" in first and "1 to decide: `accept P1:2`" in first
    assert "Hunk 6 of 6" in call(session, "review", id="P1:4", next=True).text()
    assert "Hunk 4 of 6" in call(session, "review", id="P1:6", previous=True).text()
    for wrong, told in (
        ({"id": "P1:6", "next": True}, "Nothing waits for a decision in P1 after P1:6"),
        ({"id": "P1", "file": "nix.py"}, "P1 does not touch nix.py. It touches pkg/m00.py, pkg/m01.py"),
        ({"id": "P1:99"}, "There is no hunk P1:99. P1 has the hunks 1 to 6"),
        ({"id": "P9"}, "Did you mean P1"),
        ({"id": "T9"}, "Nothing was proposed for T9. `run T9`"),
    ):
        with pytest.raises(NoSuchProposal) as refused:
            call(session, "review", **wrong)
        assert told in str(refused.value)
    with pytest.raises(UsageError, match="A1 is a turn"):
        call(session, "review", id="A1")
    propose(session, FileEdit("new.txt", None, b"1\n"))
    with pytest.raises(UsageError, match="Several proposals are there"):
        call(session, "review", pending=True)


def test_what_could_not_be_accepted_says_so_beforehand(session: Session) -> None:
    commit(session, {"a.py": numbers(3), "b.py": numbers(3)})
    propose(session, *(FileEdit(name, numbers(3), numbers(3, "other")) for name in ("a.py", "b.py")))
    before = git(session.workspace.root, "status", "--porcelain", "--ignored")
    (session.workspace.root / "a.py").write_bytes(numbers(3).replace(b"value + 1\n", b"value - 1\n"))
    git(session.workspace.root, "commit", "-qam", "Mine")
    result = call(session, "review", id="P1")
    text = result.text()
    assert "⚠ 1 of them cannot be accepted now, and says why." in text
    assert "P1:2  @@" in text.split("⚠ not now: a.py changed in the same place")[0].rsplit("•", 1)[1]
    assert "Not now: a.py changed" in (result.html() or "") and "⚠ a.py changed" in result.markdown()
    for shown in (result, call(session, "show", id="P1")):
        assert [hunk["ref"] for hunk in shown.bundle()[MIME]["hunks"] if hunk["refused"]] == ["P1:2"]
    assert git(session.workspace.root, "status", "--porcelain", "--ignored") == before
    call(session, "accept", refs=["P1:1", "P1:3", "P1/b.py"])
    assert "cannot be accepted" in call(session, "review", id="P1").text()


def test_alternatives_for_a_task_side_by_side(session: Session) -> None:
    commit(session, {"a.py": numbers(2)})
    same = FileEdit("a.py", numbers(2), numbers(2, "other"))
    propose(session, same, title="One", how="model", model="small-1", checks=[CheckResult("tests", False, "1 failed")])
    propose(session, same, FileEdit("b.py", None, b"1\n"), title="Two", checks=[CheckResult("tests", True, "5 passed")])
    result = call(session, "review", id="T1")
    rows = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in result.text().splitlines()]
    assert ["how", "model small-1", "person"] in rows and ["tests", "✗ 1 failed", "✓ 5 passed"] in rows
    assert ["a.py", "2 hunks, +2 −2 lines", "as in P1"] in rows and [
        "b.py",
        "–",
        "1 hunk, new file, +1 −0 lines",
    ] in rows
    assert "| a.py |" in result.markdown() and (result.html() or "").count("<table>") == 2
    assert "For T1 there is also P1: `review T1` compares them." in call(session, "review", id="P2").text()


def test_every_kind_of_file_is_named(session: Session) -> None:
    commit(session, {"old.py": b"x\n", "run.sh": b"echo\n", "gone.txt": b"1\n", "pic.bin": b"\0\1"})
    propose(
        session, FileEdit("new.py", b"x\n", b"x\n", renamed_from="old.py"),
        FileEdit("run.sh", b"echo\n", b"echo\n", mode=0o755), FileEdit("gone.txt", b"1\n", None),
        FileEdit("pic.bin", b"\0\1", b"\0\2"), FileEdit("conftest.py", None, b"1\n"), FileEdit("empty.py", None, b""),
    )  # fmt: skip
    text = call(session, "review").text()
    for said in ("renamed from old.py", "mode becomes 755", "deleted file", "binary file", "new empty file",
                 "new file  runs by itself"):  # fmt: skip
        assert said in text, said


def test_hidden_characters_are_seen_in_every_form(session: Session) -> None:
    text = 'if level != "user\u202e \u2066# only admins\u2069 \u2066":\n    a\u200bb\n'
    propose(session, FileEdit("x.py", None, text.encode()), title="T\u202ebad")
    result = call(session, "review", id="P1")
    forms = {**result.bundle(), "list": call(session, "review", all=True).text()}
    hunk = forms[MIME]["hunks"][0]
    assert hunk["new"] == text, "what would be written is kept as it is"
    hunk["new"] = ""
    for name, form in forms.items():
        shown = json.dumps(form, ensure_ascii=False)
        assert not any(ch in shown for ch in "\u202e\u2066\u2069\u200b"), name
        assert "⟨U+202E⟩" in shown, name
    assert "⚠ P1:1: characters that hide or turn text around" in result.text()
