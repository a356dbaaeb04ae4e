"""An answer that repeats itself is seen while it is written, and a file that does so itself is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.formats.repetition import Repetition, repetition_in

LINE = "    return sorted(books)\n"
BLOCK = "def f(x):\n    return x\n\n\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LINE * 6, LINE.rstrip()),
        ("A start.\n" + LINE.replace("\n", "\n\n") * 6, LINE.rstrip()),
        (BLOCK * 6, "def f(x):\n    return x"),
        ("".join(f"line {number}\n" for number in range(20)) * 4, "line 0"),
        ("the same " * 60, "the same"),
        ("- - - a" + " and so on" * 50, "and so on"),
    ],
)
def test_repetition_is_seen(text: str, found: str) -> None:
    told = repetition_in(text).found
    assert told == found or told.startswith(found) or set(told) == set(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        LINE * 5,
        BLOCK * 3,
        "\n" * 500,
        "".join(f"x{number} = {number}\n" for number in range(300)),
        "".join(f"{' ' * depth}}}\n" for depth in range(20, 0, -1)),
        "# " + "-" * 100 + "\n",
        "if a:\n    return 1\n" * 5,
    ],
)
def test_ordinary_text_is_not(text: str) -> None:
    assert repetition_in(text).found == ""


def test_what_the_file_itself_repeats_is_not_the_models_doing() -> None:
    grid = "    [0, 0, 0],\n" * 8
    assert repetition_in(f"grid = [\n{grid}]\n").found
    assert not repetition_in(f"grid = [\n{grid}]\n", known=f"x\ngrid = [\n{grid}]\n").found
    assert repetition_in("    [0, 0, 0],\n" * 40, known=f"grid = [\n{grid}]\n").found  # but not so often
    assert repetition_in("    [0, 0, 1],\n" * 6, known=f"grid = [\n{grid}]\n").found


def test_what_was_said_before_is_kept() -> None:
    seen = repetition_in("A plan.\n```python\n" + LINE * 50)
    assert seen.useful == "A plan.\n```python\n" + LINE.rstrip()
    assert seen.text.count(LINE) == 6


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab \n", max_size=400), st.integers(1, 9))
def test_pieces_do_not_matter(text: str, size: int) -> None:
    whole = repetition_in(text)
    watcher = Repetition()
    for start in range(0, len(text), size):
        watcher.add(text[start : start + size])
    assert watcher.found == whole.found


def test_a_long_sentence_said_again_and_again_within_a_line_is_seen() -> None:
    """Regression: a sentence longer than 60 characters was repeated up to the limit of tokens."""
    sentence = "It is a function that takes a slug as an argument and returns a boolean value of its own. "
    watcher = Repetition()
    words = ("The function `slug` tells:\nOnce. " + sentence * 8).split(" ")
    assert any(watcher.add(f"{word} ") for word in words)
    assert watcher.found in sentence * 2
    assert watcher.useful.startswith("The function `slug` tells:\nOnce. It is a function")
    assert watcher.useful.count("boolean value") <= 2
