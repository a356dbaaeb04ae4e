"""A plugin whose verb takes a parameter of every type that a schema can have."""

from __future__ import annotations

SOURCE = '''
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    y: int = 0


class EveryParams(Params):
    word: str = Field(description="A word.", min_length=2, json_schema_extra={"position": 0})
    count: int = Field(3, ge=1, le=10)
    ratio: float = Field(0.5, gt=0, lt=1)
    colour: Colour = Colour.RED
    level: Literal[1, 2, 3] = 2
    size: Literal["s", "m"] | None = None
    loud: bool = False
    sure: bool = True
    maybe: bool | None = None
    names: list[str] = []
    numbers: list[int] = []
    colours: list[Colour] = []
    labels: dict[str, str] = {}
    weights: dict[str, float] = {}
    points: list[Point] = []
    point: Point | None = None
    file: Path | None = None
    token: SecretStr | None = None
    key: SecretStr = SecretStr("preset")
    when: date | None = None


class Taken(Result):
    given: EveryParams
    secret: int

    def text(self) -> str:
        return self.given.model_dump_json(by_alias=True)


@capability(effect=CapabilityEffect.READ)
def every(params: EveryParams, session: Session) -> Taken:
    """Take a parameter of every type."""
    return Taken(given=params, secret=len(params.token.get_secret_value()) if params.token else 0)


def describe():
    return {"name": "every", "version": "1", "capabilities": [every]}
'''

# What is sent, and what arrives: the same, but for secrets.
ARGUMENTS = {
    "word": "hi",
    "count": 7,
    "ratio": 0.25,
    "colour": "blue",
    "level": 3,
    "size": "m",
    "loud": True,
    "sure": False,
    "maybe": False,
    "names": ["a b", "c"],
    "numbers": [1, 2],
    "colours": ["red", "blue"],
    "labels": {"a": "b=c"},
    "weights": {"w": 0.5},
    "points": [{"x": 1, "y": 0}, {"x": 2, "y": 5}],
    "point": {"x": 4, "y": 0},
    "file": "shelf/books.py",
    "token": "s3cret",
    "when": "2026-01-02",
}
ARRIVES = {**ARGUMENTS, "token": "**********", "key": "**********"}

# The same as a person types it after the verb.
TYPED = (
    "hi --count 7 --ratio 0.25 --colour blue --level 3 --size m --loud --no-sure --no-maybe --names 'a b' --names c"
    " --numbers 1 --numbers 2 --colours red --colours blue --labels a=b=c --weights w=0.5 --points '{\"x\": 1}'"
    ' --points \'{"x": 2, "y": 5}\' --point \'{"x": 4}\' --file shelf/books.py --token s3cret --when 2026-01-02'
)

# One argument that does not fit, for each kind of limit.
WRONG = [
    {"word": "x"},
    {"count": 11},
    {"count": 1.5},
    {"count": 10**30},
    {"ratio": 0},
    {"colour": "green"},
    {"level": 4},
    {"level": "3 "},
    {"size": ""},
    {"loud": "perhaps"},
    {"names": "a"},
    {"names": [None]},
    {"labels": {"a": []}},
    {"labels": ["a"]},
    {"points": [{"y": 1}]},
    {"points": [7]},
    {"point": {"x": "many"}},
    {"token": 5},
    {"when": "yesterday"},
    {"no-such": 1},
]
