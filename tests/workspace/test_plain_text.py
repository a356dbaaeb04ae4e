"""Text for a terminal carries no commands of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.workspace.plain_text import readable


def test_commands_to_the_terminal_are_shown_as_signs() -> None:
    assert readable("a\x1b]0;title\x07b\x1b[2Jc\rd\x9b5n") == "a�]0;title�b�[2Jc�d�5n"
    assert readable("hidden \x1b[8mpassword\x1b[0m") == "hidden �[8mpassword\x1b[0m"
    assert readable("abc\u202edcba") == "abc�dcba"


def test_our_own_colours_stay() -> None:
    text = "\x1b[31m-\x1b[7mold\x1b[27m\x1b[0m\n\t\x1b[32m+new\x1b[0m"
    assert readable(text) == text


@given(st.text())
def test_text_without_control_characters_is_not_changed(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert len(once) <= len(text)
    if text.isprintable():
        assert once == text
