"""The prompt of an edit: its template, and which format a model is asked to answer in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid, load_yaml

FORMATS = ("blocks", "unified", "codex", "json")
_PARTS = (
    "system", "whole", *FORMATS, "cells", "file", "notebook", "notebook_cell", "reference", "user", "repair",
)  # fmt: skip
_SIZE = re.compile(r"(?<![\w.])(?:\d+x)?(?P<count>\d+(?:\.\d+)?)(?P<unit>[bm])(?![a-z0-9])", re.I)


@dataclass(frozen=True)
class ModelFacts:
    """What is known of the model that will be asked.

    Args:
        name: as its server or the catalogue calls it; empty when it is not known.
        window: tokens of prompt and answer together; None when nobody tells.
    """

    name: str = ""
    window: int | None = None

    @property
    def parameters(self) -> float | None:
        """Its size in billions, where its name tells it (`qwen2.5-coder-7b`, `smollm2-135m-instruct`)."""
        found = _SIZE.search(re.sub(r"[-_:/]", " ", self.name))
        if found is None:
            return None
        return float(found["count"]) / (1000 if found["unit"].lower() == "m" else 1)


@dataclass(frozen=True)
class FormatRow:
    """One row of the table of formats; None in a condition fits every model."""

    model: str | None
    parameters_up_to: float | None
    whole_up_to: int
    above: str

    def fits(self, facts: ModelFacts) -> bool:
        """Whether the row is for that model."""
        if self.model is not None and not re.search(self.model, facts.name, re.IGNORECASE):
            return False
        size = facts.parameters
        return self.parameters_up_to is None or (size is not None and size <= self.parameters_up_to)


@dataclass(frozen=True)
class EditPrompt:
    """The template of an edit prompt, by name and version, for one model."""

    name: str
    version: str
    parts: Mapping[str, str]
    context_up_to: int
    formats: tuple[FormatRow, ...]
    model: ModelFacts = ModelFacts()

    @classmethod
    def load(cls, workspace: Workspace | None, model: ModelFacts | None = None) -> EditPrompt:
        """Read the template. Raises ResourceInvalid when the file lacks a part or its table of formats is wrong."""
        told: Any = load_yaml("prompts", "code_edit", workspace)
        missing = [part for part in _PARTS if not isinstance(told, dict) or not isinstance(told.get(part), str)]
        if missing:
            raise ResourceInvalid("The prompt code_edit is not complete.", why=f"It lacks {', '.join(missing)}.")
        return cls(
            str(told.get("name", "code_edit")),
            str(told.get("version", "?")),
            {part: str(told[part]) for part in _PARTS},
            int(told.get("context_up_to", 3000)),
            _rows(told.get("formats")),
            model or ModelFacts(),
        )

    def row(self) -> FormatRow:
        """The row of the table that is for the model."""
        return next(row for row in self.formats if row.fits(self.model))

    def fill(self, part: str, **values: object) -> str:
        """A part with its placeholders filled; braces in the values are text."""
        text = self.parts[part]
        pieces = text.split("{")
        done = [pieces[0]]
        for piece in pieces[1:]:
            name, closed, rest = piece.partition("}")
            done.append(f"{values[name]}{rest}" if closed and name in values else "{" + piece)
        return "".join(done)


def fence_for(texts: Sequence[str]) -> str:
    """A fence that no text among these can close: longer than any run of backticks in them."""
    return "`" * max(3, 1 + max((len(run) for text in texts for run in re.findall(r"`{3,}", text)), default=0))


def _rows(told: Any) -> tuple[FormatRow, ...]:
    try:
        rows = tuple(
            FormatRow(row.get("model"), row.get("parameters_up_to"), int(row["whole_up_to"]), str(row["above"]))
            for row in told
        )
        for row in rows:
            re.compile(row.model or "")
            if row.above not in FORMATS:
                raise ValueError(f"{row.above!r} is none of {', '.join(FORMATS)}")
        if not rows or rows[-1].model is not None or rows[-1].parameters_up_to is not None:
            raise ValueError("its last row must fit every model")
    except (TypeError, AttributeError, KeyError, ValueError, re.error) as problem:
        raise ResourceInvalid("The table of formats in the prompt code_edit is wrong.", why=str(problem)) from problem
    return rows
