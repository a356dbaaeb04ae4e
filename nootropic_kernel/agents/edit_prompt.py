"""The prompt of an edit: its template, and which format a model is asked to answer in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.models.prompts import Prompt, load_prompt
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid

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
    """The prompt of an edit for one model, and its bounds; ``context_up_to`` in characters."""

    prompt: Prompt
    context_up_to: int
    formats: tuple[FormatRow, ...]
    model: ModelFacts = ModelFacts()

    @classmethod
    def load(cls, workspace: Workspace | None, model: ModelFacts | None = None) -> EditPrompt:
        """Read the newest version. Raises ResourceInvalid when it lacks a part or its settings are wrong."""
        prompt = load_prompt("code_edit", None, workspace)
        if missing := [part for part in _PARTS if part not in prompt.parts]:
            raise ResourceInvalid("The prompt code_edit is not complete.", why=f"It lacks {', '.join(missing)}.")
        room = prompt.settings.get("context_up_to", 3000)
        if type(room) is not int:
            raise ResourceInvalid("The prompt code_edit cannot be used.", why="context_up_to must be a whole number.")
        return cls(prompt, room, _rows(prompt.settings.get("formats")), model or ModelFacts())

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self.prompt.name

    @property
    def version(self) -> str:
        """The prompt's version."""
        return self.prompt.version

    def row(self) -> FormatRow:
        """The row of the table that is for the model."""
        return next(row for row in self.formats if row.fits(self.model))

    def fill(self, part: str, **values: object) -> str:
        """A part with its placeholders filled; what the part has no place for is left out."""
        wanted = self.prompt.variables(part)
        return self.prompt.fill(part, **{name: value for name, value in values.items() if name in wanted})


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
