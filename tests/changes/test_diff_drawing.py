"""How a diff looks: escaped, readable without colour, and with nothing hidden."""

from __future__ import annotations

from nootropic_kernel.changes.diff_drawing import as_html, terminal
from nootropic_kernel.changes.diff_view import DiffLine
from nootropic_kernel.workspace.plain_text import readable


def test_colours_in_the_terminal_and_marks_without() -> None:
    lines = [DiffLine(" ", "same"), DiffLine("-", "one two"), DiffLine("+", "one three")]
    assert terminal(lines, color=False) == " same\n-one two\n+one three"
    assert terminal(lines, color=True).splitlines()[1:] == [
        "\x1b[31m-one \x1b[7mtwo\x1b[27m\x1b[0m",
        "\x1b[32m+one \x1b[7mthree\x1b[27m\x1b[0m",
    ]


def test_hidden_characters_are_signs_in_every_form() -> None:
    hostile = [DiffLine("-", "x"), DiffLine("+", "\x1b]0;title\x07 \x9b31m \u202e} if admin \u2066")]
    forms = [terminal(hostile, color=False), terminal(hostile, color=True), as_html(hostile)]
    for form in forms:
        assert not any(ch in form for ch in "\x07\x9b\u202e\u2066") and "\x1b]" not in form
        assert "⟨U+202E⟩" in form and "␛" in form
    assert "\x1b" not in forms[0] and "\x1b[33m⟨U+202E⟩\x1b[32m" in forms[1]
    assert 'title="a hidden character">⟨U+202E⟩</span>' in forms[2]
    assert readable(forms[1]) == forms[1], "the colours are those that pass to a terminal"


def test_html_is_escaped_and_keeps_the_marks() -> None:
    page = as_html([DiffLine("-", "<b>a</b>"), DiffLine("+", "<b>c</b>")])
    assert "<b>" not in page and "&lt;b&gt;" in page
    assert page.count("<del ") == page.count("<ins ") == 1
    assert ">-&lt;b&gt;" in page and ">+&lt;b&gt;" in page


def test_a_changed_tab_is_seen() -> None:
    lines = [DiffLine("-", "    x = 1"), DiffLine("+", "\tx = 1")]
    assert "\x1b[7m→\t\x1b[27mx = 1" in terminal(lines, color=True)
    assert "→\t" in as_html(lines) and "→" not in terminal(lines, color=False)
