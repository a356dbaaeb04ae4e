"""Tests of ours that must fail: one that passes shows that the machinery was changed."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import rewrite_asserts

SOURCE = """\
import builtins, operator, pytest, unittest

def false(): assert False
def equal_numbers(): assert 1 == 2
def equal_texts(): assert "a" == "b"
def equal_lists(): assert [1, 2] == [1, 3]
def equal_mappings(): assert {"a": 1} == {"a": 2}
def unequal(): assert 1 != 1
def contained(): assert 3 in [1, 2]
def order(): assert 2 < 1
def negation(): assert not [1]
def truth(): assert []
def conjunction(): assert 1 == 1 and 1 == 2
def message(): assert 1 == 2, "with a message"
def approx(): assert 1.0 == pytest.approx(2.0)
def error(): raise RuntimeError("must fail")
def fail(): pytest.fail("must fail")
def length(): assert len([1]) == 2
def instance(): assert isinstance(1, str)
def every(): assert all([True, False])
def some(): assert any([False])
def in_order(): assert sorted([2, 1]) == [2, 1]
def total(): assert sum([1, 1]) == 3
def operators(): assert operator.eq(1, 2)
def raises():
    with pytest.raises(ValueError): pass
def raises_another():
    with pytest.raises(ValueError): raise KeyError
def raises_match():
    with pytest.raises(ValueError, match="this"): raise ValueError("that")
def unittest_equal(): unittest.TestCase().assertEqual(1, 2)
def unittest_true(): unittest.TestCase().assertTrue(False)
def unittest_in(): unittest.TestCase().assertIn(1, [])
def unittest_raises():
    with unittest.TestCase().assertRaises(ValueError): pass
"""


class Canaries:
    """The canaries as items of a session that are not in its list, so that nobody sees them fail.

    Args:
        session: the session.
        path: a test file; the hooks that see its tests see the canaries.
    """

    def __init__(self, session: pytest.Session, path: Path) -> None:
        tree = ast.parse(SOURCE)
        rewrite_asserts(tree, SOURCE.encode(), "canaries.py", session.config)
        module = types.ModuleType("canaries")
        # Imports inside name what a test would get, replaced or not.
        exec(compile(tree, "canaries.py", "exec", dont_inherit=True), vars(module))
        parent = pytest.Module.from_parent(session, path=path)
        parent._obj = module
        self._items = [
            pytest.Function.from_parent(parent, name=name, callobj=value)
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == "canaries"
        ]
        self.failed = 0

    def run(self) -> list[str]:
        """The names of the canaries that passed; empty when all is well."""
        passed = [item.name for item in self._items if not self._fails(item)]
        self.failed += len(self._items) - len(passed)
        return passed

    @staticmethod
    def _fails(item: pytest.Function) -> bool:
        def call() -> None:
            item.ihook.pytest_pyfunc_call(pyfuncitem=item)

        try:
            info = pytest.CallInfo.from_call(call, when="call")
            report = item.ihook.pytest_runtest_makereport(item=item, call=info)
        except Exception:
            return True  # a hook that does not understand an item without fixtures; it makes nothing pass
        return bool(report.outcome == "failed" and report.failed and not report.passed)
