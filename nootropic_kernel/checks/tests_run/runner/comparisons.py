"""Comparisons that hold for everything: an `__eq__` (or the like) of the changed code that decides a test of itself.

Each comparison in an assertion of a test file is seen with its operands. Where an operand's own operator comes from the
change, it is tried on values that nothing honest is equal to, less than or holds.
"""

from __future__ import annotations

import ast
import dis
import functools
import operator as operators
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

N = TypeVar("N", bound=ast.AST)
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), type, range, bytearray})
_NESTED = 200
_DUNDER = {
    "==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__",
    "in": "__contains__", "not in": "__contains__", "bool": "__bool__",
}  # fmt: skip
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDER = {"<": operators.lt, "<=": operators.le, ">": operators.gt, ">=": operators.ge}
# Nothing is less than the first of a pair, nor greater than the second.
_ENDS: tuple[tuple[Any, Any], ...] = ((float("-inf"), float("inf")), ("", "\U0010ffff" * 64), ((), None), ([], None))


class Changed(NamedTuple):
    """A changed file: the classes that it had before, and their operators that are as they were."""

    classes: frozenset[str]
    unchanged: frozenset[str]


class Watch:
    """Hears of every comparison; ``found`` says which ones prove nothing."""

    def __init__(self, changed: dict[str, Changed], imported: frozenset[str]) -> None:
        self.changed = changed
        self._imported = imported
        self._trees: dict[str, ast.Module] = {}
        self.found: dict[str, None] = {}
        dice = random.SystemRandom()
        word = f"{dice.getrandbits(64):x}"
        single = (object(), dice.getrandbits(62), dice.random() - 9e9, word, word.encode())
        self._strange: tuple[Any, ...] = (*single, (word,), [word], {word: 1}, {word})

    def read(self, path: str, tree: ast.Module) -> None:
        """A test file, as it is written: what an assertion spells out itself is not slipped in by the change."""
        self._trees[path] = tree

    def _named(self, path: str, line: int | None = None) -> frozenset[str]:
        """The names in a test file, or in what stands on one of its lines."""
        tree = self._trees.get(path, ast.Module([], []))
        if line is None:
            return _identifiers(tree)
        here = (each for each in ast.walk(tree) if isinstance(each, ast.Assert | ast.Call))
        return frozenset().union(
            *(_identifiers(each) for each in here if each.lineno <= line <= (each.end_lineno or 0))
        )

    def see(self, operator: str, left: Any, right: Any, path: str, line: int, direct: bool = True) -> None:
        """A comparison that was made; ``direct``: its result was the assertion's truth itself."""
        for mine, other, sign in ((left, right, operator), (right, left, _MIRROR.get(operator, operator))):
            if operator in ("in", "not in"):
                sign = operator if mine is right else "=="
            for value in _values(mine):
                self._judge(sign, value, other, (path, line), direct)
            if operator == "bool":
                break

    def see_call(
        self, operator: str, path: str, line: int, call: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Any:
        """A unittest assertion: makes the call, and sees its first two arguments."""
        __tracebackhide__ = True
        made = call(*args, **named)
        if args and (operator == "bool" or len(args) > 1):
            self.see(operator, args[0], args[1] if len(args) > 1 else None, path, line)
        return made

    def _judge(self, operator: str, value: Any, other: Any, place: tuple[str, int], direct: bool) -> None:
        kind = type(value)
        dunder = _DUNDER[operator]
        if operator == "!=" and _definer(kind, "__ne__") in (None, object):
            dunder = "__eq__"
        home = _definer(kind, dunder)
        if home is None or home is object:
            return
        if not self._comes_from_the_change(home, dunder, kind, type(other), place):
            return
        empty = any(_true(probe, value, direct) for probe in self._probes(operator, value))
        if empty:
            told = f"{kind.__qualname__}.{dunder} holds for everything ({place[0]}:{place[1]})"
            self.found.setdefault(told)

    def _comes_from_the_change(self, home: type, dunder: str, kind: type, other: type, place: tuple[str, int]) -> bool:
        code = getattr(vars(home).get(dunder), "__code__", None)
        module = sys.modules.get(home.__module__)
        for path in (getattr(code, "co_filename", None), getattr(module, "__file__", None)):
            if path in self.changed:
                file = self.changed[path]
                if f"{home.__qualname__}.{dunder}" in file.unchanged:
                    return False
                # A new class that is made to equal others (a wildcard) is tested by being spelled out.
                new = home.__qualname__ not in file.classes
                return not (new and kind is not other and home.__name__ in self._named(*place))
        if module is None or (code is not None and not hasattr(module, "__file__")):
            return True  # made at run time, under a name that hides where
        # A library's wildcard, such as `mock.ANY`: the changed code can reach it, and the tests do not use it.
        spelled = {kind.__name__, kind.__name__.strip("_")}
        return home.__module__ in self._imported and not spelled & self._named(place[0])

    def _probes(self, operator: str, value: Any) -> Iterator[Callable[[], Any]]:
        """Comparisons that are true of nothing honest."""
        if operator == "==":
            yield from (functools.partial(operators.eq, value, strange) for strange in self._strange)
        elif operator == "!=":
            yield functools.partial(operators.ne, value, value)
        elif operator == "in":
            yield from (functools.partial(operators.contains, value, strange) for strange in self._strange)
        elif operator == "not in":
            yield lambda: next(iter(value)) not in value
        elif operator == "bool":
            yield lambda: _constant(type(value).__bool__) and bool(value)
        else:
            ends = [least if operator in ("<", "<=") else greatest for least, greatest in _ENDS]
            yield from (functools.partial(_ORDER[operator], value, end) for end in ends if end is not None)


def instrument(tree: ast.Module, original: ast.Module, path: str, watch: Watch, reach: str) -> None:
    """Let ``watch`` hear of the comparisons in a module whose assertions pytest has rewritten.

    Args:
        tree: the rewritten module; changed in place.
        original: the module as it was.
        path: the file.
        watch: who hears.
        reach: the module's global whose attributes ``see`` and ``see_call`` are ``watch``'s.
    """
    watch.read(path, original)
    tests = [node.test for node in ast.walk(original) if isinstance(node, ast.Assert)]
    direct = {(test.lineno, test.col_offset) for test in tests if isinstance(test, ast.Compare)}
    _Instrument(path, direct, reach).visit(tree)


_UNITTEST = {
    "assertEqual": "==", "assertNotEqual": "!=", "assertIn": "in", "assertNotIn": "not in", "assertLess": "<",
    "assertLessEqual": "<=", "assertGreater": ">", "assertGreaterEqual": ">=", "assertTrue": "bool",
    "assertListEqual": "==", "assertDictEqual": "==", "assertTupleEqual": "==", "assertSetEqual": "==",
    "assertSequenceEqual": "==", "assertCountEqual": "==", "assertAlmostEqual": "==", "assert_equal": "==",
    "assert_array_equal": "==", "assert_allclose": "==",
}  # fmt: skip
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in",
}  # fmt: skip


class _Instrument(ast.NodeTransformer):
    def __init__(self, path: str, direct: set[tuple[int, int]], reach: str) -> None:
        self._path = path
        self._direct = direct
        self._reach = reach

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if not (isinstance(target, ast.Name) and target.id.startswith("@py_assert")):
            return self.generic_visit(node)
        value = node.value
        if isinstance(value, ast.Compare) and len(value.ops) == 1 and type(value.ops[0]) in _SIGNS:
            operands = (value.left, value.comparators[0])
            # Anything else would be evaluated twice.
            if all(isinstance(operand, ast.Name | ast.Constant) for operand in operands):
                direct = (getattr(value, "lineno", 0), getattr(value, "col_offset", -1)) in self._direct
                return [node, self._seen(_SIGNS[type(value.ops[0])], operands, node, direct)]
        if isinstance(value, ast.UnaryOp) and isinstance(value.operand, ast.Name):
            return [node, self._seen("bool", (value.operand, ast.Constant(None)), node, True)]
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        test = node.test
        decides = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name)
        if not (decides and node.body and isinstance(node.body[-1], ast.Raise) and not node.orelse):
            return self.generic_visit(node)
        assert isinstance(test, ast.UnaryOp)
        return [self._seen("bool", (test.operand, ast.Constant(None)), node, True), node]

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _UNITTEST or any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
            return node
        told: list[ast.expr] = [ast.Constant(_UNITTEST[name]), ast.Constant(self._path), ast.Constant(node.lineno)]
        call = ast.Call(self._attribute("see_call"), [*told, node.func, *node.args], node.keywords)
        return _placed(call, node)

    def _seen(self, sign: str, operands: tuple[ast.expr, ast.expr], at: ast.stmt, direct: bool) -> ast.stmt:
        loads = [ast.Name(each.id, ast.Load()) if isinstance(each, ast.Name) else each for each in operands]
        told = [ast.Constant(self._path), ast.Constant(at.lineno), ast.Constant(direct)]
        call = ast.Call(self._attribute("see"), [ast.Constant(sign), *loads, *told], [])
        return _placed(ast.Expr(call), at)

    def _attribute(self, name: str) -> ast.expr:
        return ast.Attribute(ast.Name(self._reach, ast.Load()), name, ast.Load())


def _placed(node: N, at: ast.AST) -> N:
    for each in ast.walk(node):
        if getattr(each, "lineno", None) is None:
            ast.copy_location(each, at)
    return node


def _values(value: Any) -> Iterator[Any]:
    """A value, and those inside it as far as its containers are plain, that may have operators of their own."""
    waiting, seen = [value], 0
    while waiting and seen < _NESTED:
        one = waiting.pop()
        seen += 1
        kind = type(one)
        if kind in _PLAIN:
            continue
        if kind in (list, tuple, set, frozenset):
            waiting += list(one)[: _NESTED - seen]
        elif kind is dict:
            waiting += [*list(one)[: _NESTED - seen], *list(one.values())[: _NESTED - seen]]
        else:
            yield one


def _definer(kind: type, dunder: str) -> type | None:
    return next((each for each in kind.__mro__ if dunder in vars(each)), None)


def _true(probe: Callable[[], Any], value: Any, direct: bool) -> bool:
    """Whether a comparison comes out as true, for results that are arrays of truths as well."""
    try:
        result = probe()
        if type(result) in _PLAIN:
            return bool(result)
        if callable(every := getattr(result, "all", None)):
            return bool(every()) and (not hasattr(type(value), "__len__") or len(value) > 0)
        return direct and result is not NotImplemented and bool(result)
    except Exception:
        return False  # it refuses a strange value


def _constant(method: Any) -> bool:
    """Whether a method's code reads nothing at all, its own object included."""
    code = getattr(method, "__code__", None)
    return code is not None and not code.co_names and not _used(code)


def _used(code: Any) -> set[str]:
    return {each.argval for each in dis.get_instructions(code) if each.opname.startswith("LOAD_FAST")}


def _identifiers(node: ast.AST) -> frozenset[str]:
    return frozenset(
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute)
    )
