"""Review hunk by hunk: answers collect, one turn carries them out, and a stop carries out nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.interactive_review import Dialogue
from nootropic_kernel.capabilities.proposal_document import HunkView, LineView
from nootropic_kernel.capabilities.proposal_drawing import PAGE_CHARACTERS, PAGE_HUNKS, pages
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.layers import DirtyOverlap
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.errors import Interrupted, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call, commit, numbers, propose, propose_many
from tests.conftest import git

pytestmark = pytest.mark.slow


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    """P1: a.py and b.py with three hunks each; the answers are those that `answer` gives."""
    opened = Session(workspace)
    commit(opened, {"a.py": numbers(3), "b.py": numbers(3)})
    propose(opened, *(FileEdit(name, numbers(3), numbers(3, "other")) for name in ("a.py", "b.py")))
    yield opened
    opened.close()


def answer(session: Session, *lines: str | None) -> str:
    """Review with these answers, all of which are asked for; returns what was shown."""
    left = list(lines)
    shown: list[str] = []

    def ask(prompt: str) -> str | None:
        shown.append(prompt)
        return left.pop(0)

    session.ask = ask
    session.emit = lambda news: shown.append(news.text)
    shown.append(call(session, "review", id="P1", interactive=True).text())
    assert not left
    return "".join(shown)


def states(session: Session) -> str:
    proposal = ProposalStore(session.database(), session.workspace).get("P1")
    return "".join(hunk.state.value[0] for hunk in proposal.changeset.hunks)


def commits(session: Session) -> int:
    return int(git(session.workspace.root, "rev-list", "--count", "HEAD"))


def test_answers_are_one_commit_at_the_end(session: Session) -> None:
    before = commits(session)
    shown = answer(session, "y", "n", "s", "y", "y", "n", "y")
    assert states(session) == "arpaar" and commits(session) == before + 1
    assert "3 to accept, 2 to reject, 1 left undecided." in shown
    assert "A1: accepted P1:1, P1:4, P1:5" in shown and "`undo A1` takes this back." in shown
    call(session, "undo", refs=["A1"])
    assert states(session) == "urpuur" and (session.workspace.root / "a.py").read_bytes() == numbers(3)


def test_rest_of_the_file_and_all_the_rest(session: Session) -> None:
    answer(session, "s", "a", "d", "y")
    assert states(session) == "paarrr"
    assert "Nothing was decided." in answer(session, "q")
    answer(session, "A", "y")
    assert states(session) == "aaarrr"
    assert "Nothing waits for a decision in P1." in answer(session)


@pytest.mark.parametrize("word", ["q", "n", "no", "quit"])
def test_only_a_yes_at_the_end_carries_out(session: Session, word: str) -> None:
    before = commits(session)
    shown = answer(session, "y", "n", "q", word)
    assert "1 to accept, 1 to reject, 4 left undecided." in shown and "Nothing was carried out" in shown
    assert states(session) == "pppppp" and commits(session) == before


def test_moving_about_and_taking_back(session: Session) -> None:
    typed = ("j", "k", "k", "g 5", "g P1:2", "g", "6", "g 99", "/f1(", "/", "/nowhere", "x", "", "?", "q")
    shown = answer(session, *typed)
    for said in (
        "This is the first hunk.",
        "There is no hunk 99 to decide; they lie between 1 and 6",
        "`x` is no answer",
        "`nowhere` is in none of these hunks.",
        "y  accept this hunk",
        "Go to hunk: ",
    ):
        assert said in shown, said
    places = [line.split(" · ")[1] for line in shown.splitlines() if line.lstrip("\x1b[1m").startswith("── ")]
    assert [place[0] for place in places] == ["1", "2", "1", "5", "2", "6", "2", "5"]
    answer(session, "y", "n", "u", "u", "u", "n", "q", "y")
    assert states(session) == "rppppp", "both answers were taken back, and the first was given anew"
    shown = answer(session, "A", "u", "j", "q")
    assert states(session) == "rppppp" and "Nothing was decided." in shown


def test_words_are_not_taken_for_letters(session: Session) -> None:
    shown = answer(session, "abort", "delete", "Accept", "q now", "yes", "no", "quit", "yes")
    assert states(session) == "arpppp"
    for word in ("abort", "delete", "Accept", "q now"):
        assert f"`{word}` is no answer; ? explains them." in shown


def test_edit_opens_the_editor_and_both_texts_are_kept(session: Session) -> None:
    edited: list[tuple[str, str]] = []

    def editor(text: str, path: str) -> str:
        edited.append((text, path))
        return text.replace("other", "mine")

    session.edit_text = editor
    shown = answer(session, "e", "k", "e", "y", "q", "y")
    assert edited[0] == ("    return other + 0\n", "a.py") and edited[1][0] == "    return mine + 0\n"
    assert "you accept your own text" in shown and "  |     return mine + 0" in shown
    assert states(session) == "eapppp"
    data = call(session, "show", id="P1:1").document()["proposal"]["hunks"][0]
    assert (data["edited"], data["new"]) == ("    return mine + 0\n", "    return other + 0\n")
    assert "A1: accepted P1:1, P1:2" in shown, "one turn"


def test_the_end_of_input_and_a_stop_carry_out_nothing(session: Session) -> None:
    before = commits(session)
    with pytest.raises(Interrupted, match="all hunks are as they were"):
        answer(session, "y", "n", None)
    assert states(session) == "pppppp" and commits(session) == before


def test_files_in_the_way_are_told_and_can_be_left_out(session: Session) -> None:
    mine = numbers(3).replace(b"value + 1", b"value - 1")
    (session.workspace.root / "a.py").write_bytes(mine)
    with pytest.raises(DirtyOverlap):
        answer(session, "A", "y", "n")
    assert states(session) == "pppppp"
    shown = answer(session, "A", "y", "y")
    assert shown.count("⚠ not now: a.py has changes of your own") == 0, "the first hunk is not in the way"
    assert states(session) == "pppaaa" and (session.workspace.root / "a.py").read_bytes() == mine
    assert "⚠ not now: a.py has changes of your own" in answer(session, "j", "q")


def test_nobody_to_answer_is_refused(session: Session) -> None:
    session.ask = None
    with pytest.raises(UsageError, match="needs a terminal"):
        call(session, "review", id="P1", interactive=True)
    session.face = "magic"
    with pytest.raises(UsageError, match="%noo review P1 --widgets"):
        call(session, "review", id="P1", interactive=True)


def test_only_what_was_asked_for(session: Session) -> None:
    session.ask = lambda prompt: {"Accept": "A", "Carry ": "y"}[prompt[:6]]
    call(session, "review", id="P1/b.py", interactive=True)
    assert states(session) == "pppaaa"


def hunk(number: int, characters: int = 1) -> HunkView:
    return HunkView(
        ref=f"P1:{number}", number=number, path=f"f{number % 3}.py", kind="text", header="@@", state="pending", old="",
        new="", lines=[LineView(op="+", text="x" * characters)],
    )  # fmt: skip


@given(st.integers(1, 8), st.lists(st.sampled_from([*"nsadAuj", "k", "g 2", "/x", "/", "e", "", "é"]), max_size=30))
def test_whatever_is_typed_answers_can_all_be_taken_back(count: int, typed: list[str]) -> None:
    hunks = [hunk(number) for number in range(1, count + 1)]
    left = iter([*typed, *["u"] * len(typed), "q"])
    dialogue = Dialogue(hunks, Session(Workspace.find(".")), lambda prompt: next(left))
    dialogue.run()
    stopped = bool(list(left))  # an `n` at the end
    assert (dialogue.answers == {} or stopped) and 0 <= dialogue.at <= count


@given(st.lists(st.integers(0, 2 * PAGE_CHARACTERS), max_size=120))
def test_pages_hold_every_hunk_once_and_are_bounded(sizes: list[int]) -> None:
    hunks = [hunk(number, size) for number, size in enumerate(sizes, start=1)]
    found = pages(hunks)
    assert [each for page in found for each in page] == hunks and len(found) >= 1
    for page in found:
        assert len(page) <= PAGE_HUNKS
        assert len(page) <= 1 or sum(len(each.lines[0].text) for each in page) <= PAGE_CHARACTERS


@pytest.mark.slow
def test_five_hundred_hunks_at_once(session: Session) -> None:
    propose_many(session, files=5, hunks=100)
    session.ask = lambda prompt: {"Accept": "A", "Carry ": "y"}[prompt[:6]]
    text = call(session, "review", id="P2", interactive=True).text()
    assert "A1: accepted P2:1, P2:2" in text and "and 492 more" in text
