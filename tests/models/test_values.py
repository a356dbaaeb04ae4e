"""Live variables as a model is told of them: bounded, without secrets, and without running anybody's code."""

from __future__ import annotations

import enum
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.values import MOST_CHARACTERS, describe

KEY = "sk-proj-" + "a1B2" * 8


class Trap:
    """Every way in which an object may run code of its own when it is looked at."""

    sprung: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.shown = 1

    def _spring(self, *_: Any) -> Any:
        Trap.sprung.append("!")
        return 1

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __eq__ = __hash__ = __format__ = _spring
    __getattr__ = _spring
    danger = property(_spring)
    __class__ = property(_spring)  # type: ignore[assignment]


class TrapDict(dict[Any, Any]):
    __repr__ = items = __iter__ = __len__ = Trap._spring  # type: ignore[assignment]


class TrapList(list[Any]):
    __repr__ = __iter__ = __len__ = Trap._spring  # type: ignore[assignment]


class TrapError(Exception):
    __str__ = __repr__ = Trap._spring


class Named:
    __dict__ = property(Trap._spring)  # type: ignore[assignment]
    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first = 7


def an_array() -> Any:
    array = numpy.empty(1, dtype=object)
    array[0] = Trap()
    return array


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Trap, "shown=1"),
        (lambda: [Trap(), 2], "2"),
        (lambda: TrapDict({"a": Trap()}), "'a'"),
        (lambda: TrapList([5]), "5"),
        (lambda: TrapError("x"), "TrapError: 'x'"),
        (Named, "first=7"),
        (lambda: pandas.DataFrame({"a": an_array()}), "1 rows"),
        (lambda: an_array(), "shape (1,)"),
        (lambda: pandas.Series(an_array()), "Series of 1 items"),
        (lambda: pandas.Index(an_array()), "Index"),
        (lambda: numpy.array([(1,)], dtype=[("a", "i4")])[0], "numpy.void"),
        (lambda: lambda a=Trap(): a, "a="),  # noqa: B008
    ],
    ids=[
        "object",
        "list",
        "dict",
        "list class",
        "error",
        "slots",
        "frame",
        "array",
        "series",
        "index",
        "record",
        "default",
    ],
)
def test_no_code_of_an_object_runs(value: Callable[[], object], told: str) -> None:
    made = value()
    Trap.sprung.clear()
    said = describe("it", made, redact)
    assert not Trap.sprung and told in said


def test_frames_arrays_texts_functions_and_errors() -> None:
    frame = pandas.DataFrame({"city": ["Bern", "Oslo"] * 10, "size": range(20), "when": pandas.Timestamp("2026-01-02")})
    told = describe("df", frame, redact)
    assert "20 rows and 3 columns" in told and "'size' int64" in told and "row 4: 'Bern', 4, 2026-01-02" in told
    assert "row 5" not in told
    assert "array of shape (3, 4), dtype float64" in describe("a", numpy.zeros((3, 4)), redact)
    assert "str of 1000 characters" in describe("s", "x" * 1000, redact)

    def pay(amount: float, *rest: int, currency: str = "CHF", **more: int) -> None:
        """Pay an amount."""

    told = describe("pay", pay, redact)
    assert "pay(amount, *rest, currency='CHF', **more)" in told and "Pay an amount." in told
    try:
        _ = {}["missing"]
    except KeyError as error:
        told = describe("e", error, redact)
    assert "KeyError: 'missing'" in told and '_ = {}["missing"]' in told
    assert "Colour" in describe("c", enum.Enum("Colour", "RED").RED, redact)  # type: ignore[attr-defined]
    assert describe("n", numpy.float64(0.5), redact).endswith("= 0.5")
    assert "bits" in describe("big", 10**10_000, redact)
    assert "'a': 1" in describe("o", OrderedDict(a=1), redact) and "'b': 2" in describe(
        "d", defaultdict(int, b=2), redact
    )


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        "x" * 395 + " " + KEY,
        {"token": [KEY]},
        {"api_key": "a1" * 50},
        pandas.DataFrame({"password": ["hunter2hunter2hunter2"]}),
        pandas.Series([KEY]),
        {"nested": {"client_secret": "0123456789abcdef0123"}},
        KEY.encode(),
        b"x" * 50 + b" " + KEY.encode(),
        pandas.Series(["hunter2hunter2hunter2"], name="password"),
    ],
    ids=[
        "text",
        "at the cut",
        "list",
        "named",
        "column",
        "series",
        "nested",
        "bytes",
        "bytes at the cut",
        "named series",
    ],
)
def test_secrets_are_removed_before_anything_is_cut(value: object) -> None:
    told = describe("it", value, redact)
    assert "secret remov" in told or "characters" in told
    for part in (KEY[:16], "a1a1a1a1", "hunter2", "0123456789"):
        assert part not in told


def test_a_secret_known_by_the_variables_own_name() -> None:
    assert "secret removed" in describe("api_key", "1234567890abcdef", redact)


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.frozensets(st.text()),
)


@given(VALUES, st.integers(20, 300))
def test_it_is_always_bounded(value: object, limit: int) -> None:
    assert describe("it", value, redact).startswith("it")
    assert len(describe("it", value, redact, limit)) <= limit
    assert len(describe("it", [value] * 1000, redact)) <= MOST_CHARACTERS


def test_a_value_that_holds_itself() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert "<list>" in describe("loop", loop, redact)
