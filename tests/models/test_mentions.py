"""The grammar of mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.mentions import find_mentions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is in @df?", [("variable", "df")]),
        ("Compare @file:shelf/a.py, and @tests/test_a.py.", [("file", "shelf/a.py"), ("file", "tests/test_a.py")]),
        ('Read @file:"my notes.txt" please', [("file", "my notes.txt")]),
        ("Why does @cell:ab12-3 fail", [("cell", "ab12-3")]),
        ("Is @P12 part of @T3, or (@P12)?", [("proposal", "P12"), ("task", "T3")]),
        ("See @README.md. Then stop.", [("file", "README.md")]),
        ("@./setup.py @.gitignore", [("file", "setup.py"), ("file", ".gitignore")]),
        ("write to ada@example.org or a@b", []),
        ("`@df` and\n```python\n@property\ndef x(self): ...\n```\nand @real", [("variable", "real")]),
        ("an open fence\n```\n@inside", []),
        ("@ alone, @@twice, @3", []),
        ("@größe", [("variable", "größe")]),
    ],
)  # fmt: skip
def test_what_is_mentioned(text: str, found: list[tuple[str, str]]) -> None:
    assert [(mention.kind, mention.name) for mention in find_mentions(text)] == found


@given(st.text(alphabet="@a./-`~\n \"P1:fil'e", max_size=80))
def test_any_text_can_be_read_and_each_is_named_once(text: str) -> None:
    mentions = find_mentions(text)
    assert len({(each.kind, each.name) for each in mentions}) == len(mentions)
    assert all(each.written in text and each.name for each in mentions)


@given(st.from_regex(r"[a-z_][a-z0-9_]{0,12}(/[a-z_]{1,8}){1,3}\.py", fullmatch=True))
def test_a_path_is_found_in_both_forms(path: str) -> None:
    (plain,), (sure,) = find_mentions(f"see @{path}."), find_mentions(f'see @file:"{path}", then')
    assert (plain.name, sure.name, plain.sure, sure.sure) == (path, path, False, True)


def test_each_has_a_key() -> None:
    keys = [each.key for each in find_mentions("@df @cell @cell:2 @a/b.py @P1 @T3")]
    assert keys == ["df", "cell", "cell:2", "file:a/b.py", "P1", "T3"]
