"""Edit formats: what fits exactly once is applied byte for byte, all else is a named error that keeps the text."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer

A = b"import os\n\n\ndef f(x):\n    return x\n\n\ndef g(x):\n    if x:\n        return x\n    return 0\n"


def sr(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def result(text: str, files: dict[str, bytes]) -> dict[str, bytes | None]:
    return {edit.path: edit.new for edit in parse_answer(text, files)}


def kind_of(text: str, files: dict[str, bytes], finish_reason: str = "stop") -> str:
    with pytest.raises(NoUsableEdit) as caught:
        parse_answer(text, files, finish_reason=finish_reason)
    assert caught.value.data["text"] == text
    assert pickle.loads(pickle.dumps(caught.value)).kind == caught.value.kind
    return caught.value.kind


def test_search_replace_exact_with_prose_around() -> None:
    text = (
        "Sure, here you go:\n\n"
        + sr("a.py", "    return x\n\n\ndef g", "    return x + 1\n\n\ndef g")
        .replace("def g=", "def g(x):\n=")
        .replace("def g>", "def g(x):\n>")
        + "\nHope it helps."
    )
    assert result(text, {"a.py": A}) == {"a.py": A.replace(b"    return x\n\n\n", b"    return x + 1\n\n\n", 1)}


def test_whole_file_with_path_before_the_fence() -> None:
    assert result("Here:\n\n`a.py`\n```python\nx = 1\n```\nDone.", {"a.py": A}) == {"a.py": b"x = 1\n"}


def test_whole_file_takes_the_only_file_when_none_is_named() -> None:
    assert result("```python\nx = 1\n```", {"pkg/a.py": A}) == {"pkg/a.py": b"x = 1\n"}


def test_whole_file_creates_a_new_file() -> None:
    assert result("new.py\n```python\nx = 1\n```", {"a.py": A}) == {"new.py": b"x = 1\n"}


def test_a_markdown_file_may_hold_fences() -> None:
    body = "# T\n\n```python\nx = 1\n```\n\nend\n"
    assert result(f"README.md\n```markdown\n{body}```\n", {"README.md": b"old\n"}) == {"README.md": body.encode()}


def test_unified_diff_with_wrong_line_numbers() -> None:
    text = "```diff\n--- a/a.py\n+++ b/a.py\n@@ -90,3 +90,3 @@\n def f(x):\n-    return x\n+    return -x\n \n```"
    assert result(text, {"a.py": A}) == {"a.py": A.replace(b"    return x\n\n\ndef g", b"    return -x\n\n\ndef g")}


def test_unified_diff_new_and_deleted_files() -> None:
    text = "--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-import os\n"
    assert result(text, {"a.py": A}) == {"n.py": b"x = 1\n", "a.py": None}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("I would rename the function.", "no_edit"),
        (sr("a.py", "def h(x):\n", "def k(x):\n"), "no_match"),
        (sr("a.py", "\n", "x\n"), "no_match"),
        (sr("b.py", "def f(x):\n", "def k(x):\n"), "wrong_file"),
        (sr("../a.py", "def f(x):\n", "def k(x):\n"), "wrong_file"),
        (sr("/etc/passwd", "root\n", "toor\n"), "wrong_file"),
        (sr("a.py", "def f(x):\n", "def f(x):\n"), "no_change"),
        ("a.py\n<<<<<<< SEARCH\ndef f(x):\n=======\ndef", "cut"),
        ("a.py\n```python\nx = 1\n", "cut"),
        ("```python\nx = 1\n", "cut"),
        ("Here it is: ```python\nx = 1\n", "cut"),
        ("Run this:\n```bash\nls\n```python\nx = 1\n", "cut"),
        ("Run this:\n```bash\nls\n```\n", "no_edit"),
        ("a.py\n```python\nimport os\n# ... rest of the file unchanged\n```", "elided"),
        ("a.py\n```python\nimport os\n...\n```", "elided"),
        ("../../x.py\n```python\nx = 1\n```", "wrong_file"),
    ],
)
def test_what_does_not_fit_is_named(text: str, kind: str) -> None:
    assert kind_of(text, {"a.py": A}) == kind


def test_an_answer_cut_by_its_length_is_never_used() -> None:
    assert kind_of("a.py\n```python\nx = 1\n```", {"a.py": A}, finish_reason="length") == "cut"


def test_two_places_are_refused_with_their_lines() -> None:
    with pytest.raises(NoUsableEdit) as caught:
        parse_answer(sr("a.py", "        return x\n", "        return 2\n").replace("        ", "  "), {"a.py": A})
    assert caught.value.kind in {"many_matches", "no_match"}
    with pytest.raises(NoUsableEdit) as caught:
        parse_answer(sr("d.py", "x = 1\n", "x = 2\n"), {"d.py": b"x = 1\ny\nx = 1\n"})
    assert caught.value.kind == "many_matches"
    assert [number for number, _ in caught.value.data["lines"]] == [1, 3]


def test_the_nearest_lines_go_back_to_the_model() -> None:
    with pytest.raises(NoUsableEdit) as caught:
        parse_answer(sr("a.py", "def f(y):\n    return y\n", "pass\n"), {"a.py": A})
    assert "def f(x):" in caught.value.feedback()


def test_one_block_that_fails_fails_them_all() -> None:
    assert kind_of(sr("a.py", "import os\n", "") + sr("a.py", "nowhere\n", "x\n"), {"a.py": A}) == "no_match"


def test_a_file_can_be_emptied() -> None:
    assert result(sr("a.py", "x = 1\n", ""), {"a.py": b"x = 1\n"}) == {"a.py": b""}


def test_line_ends_bom_and_missing_final_newline_stay() -> None:
    base = "\ufeffa = 1\r\nb = 2".encode()
    assert result(sr("a.py", "b = 2\n", "b = 3\n"), {"a.py": base}) == {"a.py": "\ufeffa = 1\r\nb = 3".encode()}
    assert result("a.py\n```\na = 1\nb = 3\n```", {"a.py": base}) == {"a.py": "\ufeffa = 1\r\nb = 3".encode()}


def test_uniform_indentation_is_shifted() -> None:
    text = sr("a.py", "if x:\n    return x\n", "if not x:\n    return 1\n")
    assert result(text, {"a.py": A}) == {
        "a.py": A.replace(b"    if x:\n        return x", b"    if not x:\n        return 1")
    }


def test_trailing_space_does_not_matter() -> None:
    assert result(sr("a.py", "def f(x):   \n", "def k(x):\n"), {"a.py": A}) == {
        "a.py": A.replace(b"def f(x)", b"def k(x)")
    }


def test_a_comment_that_speaks_of_the_rest_is_no_elision() -> None:
    body = "# the rest of us\n# and so it goes on...\n# existing files are kept\ndef f(): ...\nclass A:\n    ...\n"
    assert result(f"a.py\n```python\n{body}```", {"a.py": A}) == {"a.py": body.encode()}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.dictionaries(st.sampled_from(["a.py", "b/c.md"]), st.binary(max_size=60), max_size=2))
def test_no_answer_crashes_the_parser(text: str, files: dict[str, bytes]) -> None:
    try:
        edits = parse_answer(text, files)
    except NoUsableEdit:
        return
    assert all(".." not in edit.path.split("/") and not edit.path.startswith("/") for edit in edits)


def test_an_unfinished_block_is_said_to_be_unfinished() -> None:
    for files in ({"a.py": A}, {"a.py": A, "b.py": A}):
        with pytest.raises(NoUsableEdit, match=r"unfinished|no end"):
            parse_answer("Sure:\n\n```python\ndef f(x):\n", files)


def test_an_answer_that_was_stopped_for_repeating_itself_names_what_it_repeats() -> None:
    text = "```python\nx = 1\n" + "print('the same')\n" * 7
    assert kind_of(text, {"a.py": A}, finish_reason="repeats") == "repeats"
    with pytest.raises(NoUsableEdit, match=r"repeats itself.*the same") as caught:
        parse_answer(text, {"a.py": A}, finish_reason="repeats")
    assert caught.value.data["useful"] == "```python\nx = 1\nprint('the same')"
