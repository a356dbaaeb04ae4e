"""What was read in a brief: plain records that planning goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nootropic_kernel.planning.methods.library import Archetype
from nootropic_kernel.planning.model import WordUse
from nootropic_kernel.planning.reading.actions import Action
from nootropic_kernel.planning.reading.changes_asked import Change
from nootropic_kernel.planning.reading.data_said import DataSaid
from nootropic_kernel.planning.reading.limits import Limit
from nootropic_kernel.planning.reading.stated import Constraints
from nootropic_kernel.planning.reading.steps import StepAsked
from nootropic_kernel.planning.reading.technologies import Technologies
from nootropic_kernel.planning.reading.tracebacks import Traceback


@dataclass(frozen=True)
class Thing:
    """Something the project keeps: its Python name, its fields, and whether the library knew it."""

    name: str
    fields: tuple[tuple[str, str], ...]
    known: bool


@dataclass(frozen=True)
class Ability:
    """Something the project can do, and the word that asked for it; ``at`` and ``about`` as in :class:`Action`."""

    name: str
    title: str
    file: str
    word: str
    at: int = 0
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a brief says, as far as it was understood. ``text`` is the brief without its constraints."""

    archetype: Archetype
    title: str
    text: str
    subject: str
    things: tuple[Thing, ...]
    abilities: tuple[Ability, ...]
    renames: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    words: tuple[WordUse, ...]
    left_out: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    steps: tuple[StepAsked, ...] = ()
    questions: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()
    data: DataSaid = field(default_factory=DataSaid)
    technologies: Technologies = field(default_factory=Technologies)
    constraints: Constraints = field(default_factory=Constraints)
    extends: bool = False
    unclear: str = ""  # why the brief cannot be read
    sort_assumed: str = ""  # what is to be said where nothing tells the sort of project
    trace: Traceback | None = None
    about: tuple[Change, ...] = ()  # the clauses, also where they are not planned one by one
    atoms: Mapping[str, str] = field(default_factory=dict)
