"""A live variable told to a model in a few lines, without running any code of the variable's own.

A `__repr__`, a property or a `__len__` of somebody's class may be slow, endless, or do something: none is called.
Values of Python's own kinds, arrays and data frames are read by their own library's functions; any other object is told
by its class and by the attributes that lie in it.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import linecache
import pathlib
import sys
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

Redact: TypeAlias = Callable[[str], str]

MOST_CHARACTERS = 2000
_DEPTH = 3
_ITEMS = 8
_TEXT = 400
_INNER_TEXT = 120
_ROWS = 5
_COLUMNS = 12
_FRAMES = 8
# What is searched for secrets before it is cut: a secret that is cut is one that no pattern finds.
_REDACTED_CHARACTERS = 100_000
_BYTES = 64

# Kinds whose own repr is short and made of nothing but themselves.
_PLAIN = (
    datetime.date,
    datetime.datetime,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.PosixPath,
    pathlib.WindowsPath,
    float,
    complex,
    bool,
    type(None),
    range,
    type(Ellipsis),
    type(NotImplemented),
)


def describe(name: str, value: object, redact: Redact, limit: int = MOST_CHARACTERS) -> str:
    """What ``name`` holds, in at most ``limit`` characters, secrets removed.

    :param redact: replaces what looks like a secret; it sees texts before they are cut, and names beside their values.
    """
    try:
        told = _Teller(redact).describe(name, value)
    except Exception as error:  # a foreign library may fail in any way over a broken object of its own
        told = f"{name} ({kind(value)}) cannot be shown: {type(error).__name__}"
    told = redact(told)
    return told if len(told) <= limit else told[: limit - 1] + "…"


def kind(value: object) -> str:
    """The name of a value's class, with its module unless that is Python's own."""
    cls = type(value)
    # By `type` itself: a metaclass may have properties of these names.
    name = type.__dict__["__name__"].__get__(cls)
    module = type.__dict__["__module__"].__get__(cls)
    return name if module in ("builtins", "__main__") or type(module) is not str else f"{module}.{name}"


class _Teller:
    def __init__(self, redact: Redact) -> None:
        self.redact = redact

    def describe(self, name: str, value: Any) -> str:
        """The summary of a variable: what fits its kind best."""
        cls = type(value)
        if self._is_secret(name, value):
            return f"{name} = {self._removed(name, value)}"
        if _is(cls, "pandas", "DataFrame"):
            return self._frame(name, value)
        if _is(cls, "pandas", "Series"):
            return self._series(name, value)
        if _is(cls, "numpy", "ndarray"):
            return f"{name}: {self._array(value)}"
        if issubclass(cls, types.FunctionType | types.MethodType):
            return self._function(name, value)
        if issubclass(cls, BaseException):
            return self._error(name, value)
        if issubclass(cls, type):
            return self._class(name, value)
        if issubclass(cls, types.ModuleType):
            return f"{name}: module {self._text(_own(value).get('__name__'), 60)}"
        return f"{name}: {self._size(value)}= {self.value(value, top=True)}"

    def value(self, value: Any, depth: int = _DEPTH, *, top: bool = False) -> str:
        """A value in one line; what lies deeper than ``depth`` is told by its class."""
        cls = type(value)
        if issubclass(cls, str):
            return self._text(value, _TEXT if top else _INNER_TEXT)
        if cls in _PLAIN:
            return repr(value)
        if issubclass(cls, enum.Enum):
            return f"{kind(value)}.{_own(value).get('_name_', '?')}"
        if issubclass(cls, int):
            bits = int.bit_length(value)
            return int.__repr__(value) if bits <= 4096 else f"an integer of {bits} bits"
        if issubclass(cls, bytes | bytearray):
            size = (bytes if issubclass(cls, bytes) else bytearray).__len__(value)
            told = self.redact(bytes(islice(_items(value), _REDACTED_CHARACTERS)).decode("latin-1"))
            head = repr(told[:_BYTES].encode("latin-1", "replace"))
            return head + (f" … {size} bytes" if size > _BYTES else "")
        if depth == 0:
            return f"<{kind(value)}>"
        if issubclass(cls, dict):
            return self._mapping(value, depth)
        for container, marks in ((list, "[]"), (tuple, "()"), (set, "{}"), (frozenset, "{}"), (deque, "[]")):
            if issubclass(cls, container):
                shown = [self.value(item, depth - 1) for item in islice(_items(value), _ITEMS)]
                return self._cut(shown, container.__len__(value), marks)
        if _is(cls, "numpy", "ndarray"):
            return f"<{self._array(value, head=False)}>"
        if _is(cls, "pandas", "DataFrame") or _is(cls, "pandas", "Series"):
            return f"<{kind(value)} of shape {value.shape}>"
        if _is_scalar(cls):
            return self._text(str(value), _INNER_TEXT).strip("'")
        if issubclass(cls, types.FunctionType | types.BuiltinFunctionType | type):
            return f"<{'class' if issubclass(cls, type) else 'function'} {self._name_of(value)}>"
        return self._object(value, depth)

    def _mapping(self, value: Any, depth: int) -> str:
        shown = [
            f"{self.value(key, depth - 1)}: {self._removed(key, item)}"
            if self._is_secret(key, item)
            else f"{self.value(key, depth - 1)}: {self.value(item, depth - 1)}"
            for key, item in islice(dict.items(value), _ITEMS)
        ]
        return self._cut(shown, dict.__len__(value), "{}")

    def _object(self, value: object, depth: int) -> str:
        attributes = _own(value)
        shown = [
            f"{name}={self._removed(name, item) if self._is_secret(name, item) else self.value(item, depth - 1)}"
            for name, item in islice(attributes.items(), _ITEMS)
            if type(name) is str
        ]
        return kind(value) + self._cut(shown, len(attributes), "()")

    def _cut(self, shown: list[str], total: int, marks: str) -> str:
        more = [f"… {total - len(shown)} more"] if total > len(shown) else []
        return marks[0] + ", ".join([*shown, *more]) + marks[1]

    def _text(self, value: Any, most: int) -> str:
        if not issubclass(type(value), str):
            return f"<{kind(value)}>"
        size = str.__len__(value)
        told = self.redact(str.__getitem__(value, slice(_REDACTED_CHARACTERS)))
        return repr(told) if size <= most else f"{told[:most]!r} … {size} characters"

    def _is_secret(self, name: object, value: object) -> bool:
        return self._pair(name, value) != "" and self.redact(self._pair(name, value)) != self._pair(name, value)

    def _removed(self, name: object, value: object) -> str:
        return repr(self.redact(self._pair(name, value)))

    def _pair(self, name: object, value: Any) -> str:
        """A name beside its text, as it would stand in a program: some secrets are seen by their name only."""
        if not (type(name) is str and issubclass(type(value), str)):
            return ""
        text = str.__getitem__(value, slice(_REDACTED_CHARACTERS))
        return f'{name[:_INNER_TEXT]} = "{text}"'

    def _size(self, value: Any) -> str:
        cls = type(value)
        for container in (str, bytes, bytearray, dict, list, tuple, set, frozenset, deque):
            if issubclass(cls, container):
                unit = {str: "characters", bytes: "bytes", bytearray: "bytes"}.get(container, "items")
                return f"{kind(value)} of {container.__len__(value)} {unit} "
        return f"{kind(value)} "

    def _array(self, value: Any, *, head: bool = True) -> str:
        told = f"array of shape {value.shape}, dtype {value.dtype}"
        if not head or value.size == 0:
            return told
        first = [self.value(item, 1) for item in islice(value.flat, _ITEMS)]
        return f"{told}, begins {self._cut(first, value.size, '[]')}"

    def _series(self, name: str, value: Any) -> str:
        items = value.iloc[:_ITEMS].tolist()
        first = [self._removed(value.name, x) if self._is_secret(value.name, x) else self.value(x, 1) for x in items]
        return f"{name}: Series of {value.shape[0]} items, dtype {value.dtype}, begins " + self._cut(
            first, value.shape[0], "[]"
        )

    def _frame(self, name: str, value: Any) -> str:
        rows, columns = value.shape
        lines = [f"{name}: DataFrame of {rows} rows and {columns} columns"]
        labels = [self.value(label, 1) for label in value.columns[:_COLUMNS]]
        types_ = [str(each) for each in value.dtypes.iloc[:_COLUMNS]]
        lines.append("columns: " + ", ".join(f"{label} {each}" for label, each in zip(labels, types_, strict=True)))
        if columns > _COLUMNS:
            lines[-1] += f", … {columns - _COLUMNS} more"
        names = [label if type(label) is str else "" for label in value.columns[:_COLUMNS]]
        for row in range(min(rows, _ROWS)):
            items = [value.iat[row, column] for column in range(min(columns, _COLUMNS))]
            told = [
                self._removed(label, item) if self._is_secret(label, item) else self.value(item, 1)
                for label, item in zip(names, items, strict=True)
            ]
            lines.append(f"row {row}: " + ", ".join(told))
        return "\n".join(lines)

    def _function(self, name: str, value: Any) -> str:
        function = value.__func__ if type(value) is types.MethodType else value
        if type(function) is not types.FunctionType:
            return f"{name}: {kind(value)}"
        lines = [f"{name}: function {self._name_of(function)}({', '.join(self._parameters(function))})"]
        doc = function.__doc__
        if type(doc) is str and doc.strip():
            lines.append(self.redact(doc[:_REDACTED_CHARACTERS]).strip()[:_TEXT])
        return "\n".join(lines)

    def _parameters(self, function: types.FunctionType) -> Iterable[str]:
        code = function.__code__
        positional, named = code.co_argcount, code.co_kwonlyargcount
        names = code.co_varnames
        defaults = function.__defaults__ or ()
        first_default = positional - len(defaults)
        for index, name in enumerate(names[:positional]):
            yield f"{name}={self.value(defaults[index - first_default], 1)}" if index >= first_default else name
        extra = list(names[positional + named :])
        if code.co_flags & 0x04:  # *args
            yield f"*{extra.pop(0)}"
        elif named:
            yield "*"
        keyword = function.__kwdefaults__ or {}
        for name in names[positional : positional + named]:
            yield f"{name}={self.value(keyword[name], 1)}" if name in keyword else name
        if code.co_flags & 0x08:  # **kwargs
            yield f"**{extra.pop(0)}"

    def _error(self, name: str, value: Any) -> str:
        lines = [f"{name}: {kind(value)}: " + ", ".join(self.value(item, 1) for item in _arguments(value)[:_ITEMS])]
        trace = BaseException.__dict__["__traceback__"].__get__(value)
        frames = deque[types.TracebackType](maxlen=_FRAMES)
        total = 0
        while trace is not None:
            frames.append(trace)
            trace, total = trace.tb_next, total + 1
        if total > _FRAMES:
            lines.append(f"… {total - _FRAMES} more frames above")
        for each in frames:
            code = each.tb_frame.f_code
            # Without the frame's globals, as those may name a loader of somebody's own.
            line = linecache.getline(code.co_filename, each.tb_lineno).strip()
            lines.append(f"{code.co_filename}:{each.tb_lineno} in {code.co_name}: {line[:_INNER_TEXT]}")
        return "\n".join(lines)

    def _class(self, name: str, value: Any) -> str:
        members = type.__dict__["__dict__"].__get__(value)
        doc = members.get("__doc__")
        methods = [key for key, item in members.items() if type(key) is str and type(item) is types.FunctionType]
        told = f"{name}: class {self._name_of(value)}"
        if methods:
            told += " with " + ", ".join(methods[:_COLUMNS]) + (" …" if len(methods) > _COLUMNS else "")
        return told + (f"\n{self.redact(doc).strip()[:_TEXT]}" if type(doc) is str and doc.strip() else "")

    def _name_of(self, value: Any) -> str:
        if issubclass(type(value), type):
            return str(type.__dict__["__name__"].__get__(value))
        return str(value.__name__)


def _is(cls: type, package: str, name: str) -> bool:
    """Whether ``cls`` is just that class of a library that is loaded already; not a class derived from it."""
    return package in sys.modules and cls is getattr(sys.modules[package], name, None)


def _is_scalar(cls: type) -> bool:
    """Whether it is a number, a date or a duration of numpy or pandas, and not a class derived from one."""
    if any(_is(cls, "pandas", name) for name in ("Timestamp", "Timedelta", "Period")):
        return True
    numpy = sys.modules.get("numpy")
    if numpy is None or not issubclass(cls, numpy.number | numpy.bool_ | numpy.datetime64):
        return False
    return _is(cls, "numpy", type.__dict__["__name__"].__get__(cls))


def _items(value: Any) -> Iterable[Any]:
    """The items of a container by the container's own iterator, whatever a class derived from it says."""
    for container in (list, tuple, set, frozenset, deque, bytes, bytearray):
        if issubclass(type(value), container):
            return container.__iter__(value)
    return ()


def _own(value: object) -> dict[Any, Any]:
    """The attributes that lie in an object itself: of its ``__dict__`` and its slots, read without its class's help."""
    found: dict[Any, Any] = {}
    for cls in type.__dict__["__mro__"].__get__(type(value)):
        for name, member in type.__dict__["__dict__"].__get__(cls).items():
            if name == "__dict__" and type(member) in (types.GetSetDescriptorType, types.MemberDescriptorType):
                own = member.__get__(value)
                found |= own if type(own) is dict else {}
            elif type(member) is types.MemberDescriptorType and not issubclass(cls, BaseException):
                try:
                    found.setdefault(name, member.__get__(value))
                except AttributeError:
                    continue  # a slot that was never filled
    return found


def _arguments(value: BaseException) -> tuple[Any, ...]:
    found = BaseException.__dict__["args"].__get__(value)
    return found if type(found) is tuple else ()
