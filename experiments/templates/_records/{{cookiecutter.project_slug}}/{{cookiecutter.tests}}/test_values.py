"""What is typed becomes a value, and a value can be typed again."""

import datetime
import decimal

import pytest

from {{ cookiecutter.package }}.values import parse, show


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "two words", "two words"),
        ("int", " 7 ", 7),
        ("float", "1.5", 1.5),
        ("bool", "yes", True),
        ("bool", "", False),
        ("date", "2024-02-29", datetime.date(2024, 2, 29)),
        ("datetime", "2024-02-29T18:00:00", datetime.datetime(2024, 2, 29, 18)),
        ("Decimal", "12.50", decimal.Decimal("12.50")),
        ("list[int]", "1, 2", [1, 2]),
        ("date | None", "", None),
    ],
)
def test_text_becomes_a_value_and_comes_back(kind: str, text: str, value: object) -> None:
    assert parse(kind, text) == value
    assert parse(kind, show(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("int", "seven"), ("float", "nan"), ("date", "2023-02-29"), ("Decimal", "NaN"), ("Decimal", "x")]
)
def test_what_is_no_value_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        parse(kind, text)
