"""Whether the functions that decide an outcome are still those that were there before the repository's code ran."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Iterator
from pathlib import Path

_DECIDING = (
    "_pytest.runner", "_pytest.reports", "_pytest.python", "_pytest.unittest", "_pytest.outcomes", "_pytest.raises",
    "_pytest.approx", "_pytest.python_api", "_pytest.skipping", "_pytest.main", "_pytest.nodes", "_pytest.fixtures",
    "_pytest.subtests", "_pytest.terminal", "_pytest.assertion", "_pytest.assertion.rewrite",
    "_pytest.assertion.util", "_pytest._code.code", "pytest", "unittest.case", "unittest.suite", "unittest.result",
    "unittest", "operator",
)  # fmt: skip
_BUILTINS = (
    "AssertionError", "BaseException", "Exception", "isinstance", "issubclass", "all", "any", "len", "sorted", "sum",
    "min", "max", "abs", "bool", "int", "str", "float", "list", "dict", "tuple", "set", "frozenset", "zip", "map",
    "filter", "range", "enumerate", "reversed", "round", "iter", "next", "hash", "callable", "type", "object",
)  # fmt: skip

Snapshot = dict[str, tuple[object, object]]


def snapshot() -> Snapshot:
    """Every deciding function by name, with its code."""
    found: Snapshot = {f"builtins.{name}": (getattr(builtins, name), None) for name in _BUILTINS}
    hooks = [module for module in sys.modules if module.startswith("pluggy.")]
    for module in (*_DECIDING, *hooks):
        if module in sys.modules:
            for name, value in _functions_of(sys.modules[module]):
                found[f"{module}.{name}"] = (value, _code(value))
    return found


def replaced(before: Snapshot, allowed: str = "") -> list[str]:
    """The names that no longer mean what they meant in ``before``.

    Args:
        before: an earlier snapshot.
        allowed: a folder of installed libraries; what they put in place is not counted.
    """
    now = snapshot()
    changed = []
    for name, (value, code) in before.items():
        found, found_code = now.get(name, (None, None))
        if found is not value or found_code is not code:
            written_in = getattr(_code(found), "co_filename", "")
            if not (allowed and Path(written_in).is_relative_to(allowed)):
                changed.append(name)
    return changed


def _functions_of(module: types.ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            yield name, value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for key, member in list(vars(value).items()):
                if isinstance(member, types.FunctionType | property | classmethod | staticmethod):
                    yield f"{name}.{key}", member


def _code(value: object) -> object:
    return getattr(getattr(value, "__func__", getattr(value, "fget", value)), "__code__", None)
