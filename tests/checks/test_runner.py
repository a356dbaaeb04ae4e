"""The parts of the runner, outside of the sandbox."""

from __future__ import annotations

import ast
import builtins
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.checks.tests_run.report import read_report
from nootropic_kernel.checks.tests_run.runner.channel import Channel
from nootropic_kernel.checks.tests_run.runner.comparisons import Changed, Watch, instrument
from nootropic_kernel.checks.tests_run.runner.integrity import replaced, snapshot
from nootropic_kernel.checks.tests_run.runner.sources import TestFiles, functions_in

HERE = __file__
NEW = {HERE: Changed(frozenset(), frozenset())}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "bool"])


class Yes:
    """Says yes to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return True

    __le__ = __gt__ = __ge__ = __lt__

    def __contains__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Honest:
    """Compares what it holds."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return bool(self.held == (other.held if isinstance(other, Honest) else other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.held < other)

    def __bool__(self) -> bool:
        return bool(self.held)

    def __contains__(self, other: object) -> bool:
        return other == self.held

    __hash__ = None  # type: ignore[assignment]


@given(SIGNS, PLAIN)
def test_a_value_that_says_yes_is_seen_on_either_side_and_inside(sign: str, other: Any) -> None:
    for value in (Yes(), [1, Yes()], {"a": (Yes(),)}):
        if sign in ("in", "not in", "bool") and not isinstance(value, Yes):
            continue
        watch = Watch(NEW, frozenset())
        watch.see(sign, *((other, value) if "in" in sign else (value, other)), "t.py", 1)
        assert sign == "not in" or [*watch.found], (sign, other)


@given(SIGNS, PLAIN, PLAIN)
def test_honest_values_are_never_suspected(sign: str, held: Any, other: Any) -> None:
    watch = Watch(NEW, frozenset())
    for pair in ((Honest(held), other), (other, Honest(held)), ([Honest(held)], [other]), (held, other)):
        watch.see(sign, *pair, "t.py", 1)
    assert not watch.found


@given(PLAIN)
def test_operators_from_before_are_not_suspected(other: Any) -> None:
    told = {HERE: Changed(frozenset({"Yes"}), frozenset({"Yes.__eq__"}))}
    watch = Watch(told, frozenset())
    watch.see("==", Yes(), other, "t.py", 1)
    assert not watch.found


def test_comparisons_are_seen_as_pytest_rewrites_them() -> None:
    seen: list[tuple[Any, ...]] = []

    class Ear(Watch):
        def see(self, operator: str, left: Any, right: Any, path: str, line: int, direct: bool = True) -> None:
            seen.append((operator, left, right, line, direct))

    source = "\n".join(
        [
            "def test(self, f):",
            "    assert f(1) == 1",
            "    assert (f(2) != 3) is True and f(4) < 5",
            "    assert not f(0)",
            "    self.assertEqual(f(6), 6)",
            "    n = f(7)",
            "    if not n: raise AssertionError",
        ]
    )
    tree = ast.parse(source)
    rewrite_asserts(tree, source.encode(), "t.py")
    ear = Ear({}, frozenset())
    instrument(tree, ast.parse(source), "t.py", ear, "@ear")
    space: dict[str, Any] = {"@ear": ear}
    exec(compile(tree, "t.py", "exec"), space)

    class Case:
        def assertEqual(self, first: Any, second: Any) -> str:
            return "called"

    space["test"](Case(), lambda value: value)
    compared = [each for each in seen if each[0] != "bool"]
    assert compared == [("==", 1, 1, 2, True), ("!=", 2, 3, 3, False), ("<", 4, 5, 3, False), ("==", 6, 6, 5, True)]
    assert ("bool", 0, None, 4, True) in seen and ("bool", 7, None, 7, True) in seen


def test_the_report_of_a_fork_or_of_another_writer_does_not_count() -> None:
    source, target = os.pipe()
    came = bytearray()

    def read() -> None:
        while piece := os.read(source, 4096):
            came.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    channel = Channel(target)
    channel.send("begin", expected=[])
    with pytest.raises(OSError):
        os.fstat(target)
    channel.send("end", code=0, faults=[], canaries=1)
    channel.close()
    reader.join()
    os.close(source)
    assert not read_report(bytes(came)).broken
    assert "forged" in read_report(bytes(came) + b'0 ["end", {}]\n').broken


def test_what_is_replaced_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    assert replaced(before) == []
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "sorted", lambda items: items)
        patch.setattr(pytest, "raises", lambda *given: None)
        patch.setattr("_pytest.reports.TestReport.__init__", lambda self: None)
        # A test runs inside pytest, which sees nothing of it while it lasts.
        names = replaced(before)
    assert names == ["builtins.sorted", "_pytest.reports.TestReport.__init__", "pytest.raises"]


def test_the_tests_of_a_file_are_read_without_running_it() -> None:
    source = b"""
raise SystemExit
def test_a(): pass
async def test_b(): pass
@pytest.fixture
def test_fixture(): pass
def helper(): pass
class TestC:
    def test_d(self): pass
class TestNot:
    def __init__(self): pass
    def test_e(self): pass
class Case(unittest.TestCase):
    def test_f(self): pass
"""
    assert functions_in(source) == ["test_a", "test_b", "TestC::test_d", "Case::test_f"]
    assert functions_in(b"def (") == []


def test_rewritten_files_are_named_and_new_ones_are_not(tmp_path: Path) -> None:
    for path in ("tests/test_a.py", "tests/data.json", "shop.py", "node_modules/test_b.py", ".hidden/test_c.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("def test_x(): pass\n")
    files = TestFiles(tmp_path)
    assert files.expected == ["tests/test_a.py::test_x"] and files.rewritten() == []
    (tmp_path / "shop.py").write_text("x")
    (tmp_path / "tests/new.json").write_text("x")
    assert files.rewritten() == []
    (tmp_path / "tests/data.json").write_text("x")
    (tmp_path / "tests/test_a.py").unlink()
    assert files.rewritten() == ["tests/data.json", "tests/test_a.py"]
