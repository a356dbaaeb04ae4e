"""Which words of changed lines are marked."""

from __future__ import annotations

import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.changes.diff_view import NO_NEWLINE, DiffLine
from nootropic_kernel.changes.word_diff import Span, with_words, word_spans


def marked(spans: list[Span]) -> list[str]:
    return [span.text for span in spans if span.changed]


def of(text: str) -> list[DiffLine]:
    return [DiffLine(line[0], line[1:]) for line in text.split("\n")]  # type: ignore[arg-type]


def changes(text: str) -> list[list[str]]:
    return [marked(spans) for _, spans in with_words(of(text))]


def test_only_the_words_that_differ_are_marked() -> None:
    old, new = word_spans("    return sorted(books)", "    return sorted(books, key=str.lower)")
    assert marked(old) == [] and "".join(marked(new)) == ", key=str.lower"
    assert [span.changed for side in word_spans("alpha beta", "x = {}") for span in side] == [False, False]


def test_words_that_all_changed_are_one_piece() -> None:
    old, new = word_spans("the old grey cat sleeps here", "the new white dog sleeps here")
    assert (marked(old), marked(new)) == (["old grey cat"], ["new white dog"])


def test_lines_are_paired_by_likeness_not_by_place() -> None:
    assert changes("-def area(w):\n-    return w * w\n+# The surface.\n+def area(w, h):\n+    return w * h") == [
        [], ["w"], [], [", h"], ["h"],
    ]  # fmt: skip
    assert changes("-x = 1\n+import re\n+\n+x = 2\n+y = 3") == [["1"], [], [], ["2"], []]


def test_a_missing_last_line_end_does_not_part_the_pair() -> None:
    assert changes(f"-a b\n {NO_NEWLINE}\n+a c") == [["b"], [], ["c"]]


def test_a_sign_is_never_cut() -> None:
    old, new = word_spans("cafe\u0301 here", "cafe here")
    assert (marked(old), marked(new)) == (["cafe\u0301"], ["cafe"])
    old, new = word_spans("family 👩‍👩‍👧 here", "family 👩‍👩‍👦 here")
    assert (marked(old), marked(new)) == (["👩‍👩‍👧"], ["👩‍👩‍👦"])
    old, new = word_spans("今日は晴れです", "今日は雨です")
    assert (marked(old), marked(new)) == (["晴れ"], ["雨"]), "scripts without spaces are compared letter by letter"
    old, new = word_spans("if a⟨U+202E⟩ == b", "if a == b")
    assert marked(old) == ["⟨U+202E⟩"]


@given(st.text(), st.text())
def test_the_pieces_are_the_lines(old: str, new: str) -> None:
    left, right = word_spans(old, new)
    assert "".join(span.text for span in left) == old and "".join(span.text for span in right) == new
    assert "".join(s.text for s in left if not s.changed) == "".join(s.text for s in right if not s.changed) or not (
        marked(left) + marked(right)
    )
    for side in (left, right):
        for span in side[1:]:
            assert not unicodedata.category(span.text[0]).startswith("M"), "no accent is torn from its letter"


@given(st.lists(st.tuples(st.sampled_from(" -+"), st.sampled_from(["", "a b", "a c", "b", NO_NEWLINE])), max_size=30))
def test_no_line_is_lost(lines: list[tuple[str, str]]) -> None:
    given_lines = [DiffLine(op, text) for op, text in lines]  # type: ignore[arg-type]
    shown = with_words(given_lines)
    assert [line for line, _ in shown] == given_lines
    assert all("".join(span.text for span in spans) == line.text for line, spans in shown)


def test_the_worst_lines_are_bounded() -> None:
    began = time.process_time()
    with_words(of("\n".join(["-" + "a," * 900] * 40 + ["+" + "b, a," * 350] * 40)))
    with_words(of("\n".join([f"-x{k} = {k}" for k in range(300)] + [f"+y{k} = {k}" for k in range(300)])))
    assert time.process_time() - began < 20
