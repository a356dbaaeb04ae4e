"""Text for people carries no commands of others, and hides nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.workspace.plain_text import SIGN, fitted, readable, visible, width


def test_commands_to_the_terminal_are_shown_as_signs() -> None:
    assert readable("a\x1b]0;title\x07b\x1b[2Jc\rd\x9b5n") == "a␛]0;title␇b␛[2Jc␍d⟨U+009B⟩5n"
    assert readable("hidden \x1b[8mpassword\x1b[0m") == "hidden ␛[8mpassword\x1b[0m"
    assert visible("\x1b[31mred\x7f\x00") == "␛[31mred␡␀"


def test_what_turns_the_order_of_words_or_has_no_width_is_seen() -> None:
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200D, 0x200E, 0x2060, 0xFEFF, 0xAD):
        assert visible(f"a{chr(code)}b") == f"a⟨U+{code:04X}⟩b"
    assert visible("x\U000e0041\ufe0f\ud800\u3164") == "x⟨U+E0041⟩⟨U+FE0F⟩⟨U+D800⟩⟨U+3164⟩"
    assert visible("😀\ufe0f\ufe0f\ufe01") == "😀\ufe0f⟨U+FE0F⟩⟨U+FE01⟩", "only the first one is about the emoji"


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "❤️", "👩🏽‍💻", "🏳️‍🌈", "می‌خواهم", "क्‍ष", "#️⃣", "é", "漢字", "naïve\t“x”\n"])
def test_writing_that_needs_joiners_is_left_alone(text: str) -> None:
    assert visible(text) == readable(text) == text


def test_our_own_colours_stay() -> None:
    text = "\x1b[31m-\x1b[7mold\x1b[27m\x1b[0m\n\t\x1b[32m+new\x1b[0m"
    assert readable(text) == text


@given(st.text())
def test_once_is_enough_and_nothing_hidden_is_left(text: str) -> None:
    once = visible(text)
    assert visible(once) == once == readable(once)
    assert not any(ch < " " and ch not in "\t\n" for ch in once)
    assert SIGN.sub("", once).translate({ord(ch): None for ch in text}) == "" or SIGN.search(once)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=60), st.integers(2, 40))
def test_a_column_is_as_wide_as_it_says(text: str, columns: int) -> None:
    assert width(fitted(visible(text), columns)) == columns


def test_wide_letters_take_two_columns() -> None:
    assert width("👩‍👩‍👧") == width("👩🏽") == 2
    assert fitted("漢字かな", 6) == "漢字… " and fitted("ab", 4) == "ab  " and width("e\u0301") == 1
