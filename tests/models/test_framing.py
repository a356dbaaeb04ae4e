"""Events and lines come out the same however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.framing import LineTooLong, events, lines

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r")), max_size=8)


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 400), max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
def test_events_do_not_depend_on_how_bytes_arrive(texts: list[str], cuts: list[int], newline: str) -> None:
    parts = [f": sign of life{newline}{newline}event: x{newline}data: {text}{newline}{newline}" for text in texts]
    whole = "".join(parts).encode()
    edges = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    chunks = [whole[start:end] for start, end in pairwise(edges)]
    assert list(events(chunks, limit=100_000)) == texts


def test_an_event_without_its_blank_line_is_not_given() -> None:
    assert list(events([b"data: a\n\ndata: b\n"], limit=100)) == ["a"]


def test_lines_of_one_event_are_joined() -> None:
    assert list(events([b"data: a\ndata:b\n\n"], limit=100)) == ["a\nb"]


@pytest.mark.parametrize("chunks", [[b"data: " + b"x" * 200], [b"x" * 30] * 10, [b"data: " + b"x" * 60 + b"\n"] * 3])
def test_too_much_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(LineTooLong):
        list(events(chunks, limit=100))


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 400), max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
def test_lines_do_not_depend_on_how_bytes_arrive(texts: list[str], cuts: list[int], newline: str) -> None:
    whole = "".join(text + newline for text in texts).encode()
    edges = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    chunks = [whole[start:end] for start, end in pairwise(edges)]
    assert list(lines(chunks, limit=100_000)) == [text for text in texts if text.encode().strip()]


def test_a_line_without_its_end_is_not_given() -> None:
    assert list(lines([b'{"a": 1}\n{"b"'], limit=100)) == ['{"a": 1}']
    with pytest.raises(LineTooLong):
        list(lines([b"x" * 60] * 2, limit=100))
