"""What a model may say of a plan: the kinds and artifacts that the library and the brief know, as a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.planning.healing.situation import Ground
from nootropic_kernel.planning.methods.htn import Key, Step
from nootropic_kernel.planning.methods.library import Bindings, TaskTemplate, fill
from nootropic_kernel.planning.model import Plan

OWN_KIND = "own-task"  # what the library has no kind for
# What a model may say a task takes; a number of any length never ends with some.
HOURS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 40, 60, 80)
MAX_TASKS, MAX_TITLE, MAX_TEXT, MAX_ITEMS, MAX_HOURS = 200, 160, 600, 12, 400.0


@dataclass(frozen=True)
class Vocabulary:
    """The words of a plan.

    :param steps: every task that the library can make of this brief, by kind and products.
    :param makers: who makes an artifact, by the library.
    """

    kinds: tuple[str, ...]
    artifacts: tuple[str, ...]
    steps: Mapping[Key, Step]
    makers: Mapping[str, Step]


def vocabulary(base: Plan, ground: Ground) -> Vocabulary:
    """What the library and the brief know: all tasks that its templates give with the brief's bindings."""
    steps: dict[Key, Step] = {}
    makers: dict[str, Step] = {}
    for bindings in _contexts(base):
        for template in ground.library.tasks.values():
            if _fits(template, bindings):
                step = Step(template, bindings, -1)
                steps.setdefault(step.key, step)
                for item in step.key[1]:
                    makers.setdefault(item, step)
    said = {item for task in base.tasks for item in (*task.requires, *task.provides)}
    kinds = dict.fromkeys([*(task.kind for task in base.tasks), *(key[0] for key in steps), OWN_KIND])
    return Vocabulary(tuple(kinds), tuple(sorted({*said, *makers, *base.goals})), steps, makers)


def schema(words: Vocabulary, most: int = MAX_TASKS) -> dict[str, Any]:
    """JSON Schema 2020-12 of a proposal for a plan; what stays as it is need not be said again.

    :param most: how many tasks it may name.
    """
    texts = {"type": "array", "items": {"type": "string", "maxLength": MAX_TEXT}, "maxItems": MAX_ITEMS}
    artifacts = {"type": "array", "items": {"enum": list(words.artifacts)}, "maxItems": MAX_ITEMS}
    ids = {"type": "array", "items": {"type": "string", "pattern": "^T[0-9]{1,4}$"}, "maxItems": MAX_ITEMS}
    check = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": MAX_TEXT},
            "verify": {"type": "string", "maxLength": MAX_TEXT},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    task = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^T[0-9]{1,4}$"},
            "kind": {"enum": list(words.kinds)},
            "title": {"type": "string", "minLength": 3, "maxLength": MAX_TITLE},
            "story": {"type": "string", "maxLength": MAX_TITLE},
            "requires": artifacts,
            "provides": artifacts,
            "depends_on": ids,
            "files": texts,
            "hours": {"enum": list(HOURS)},
            "body": {"type": "string", "maxLength": MAX_TEXT},
            "acceptance": {"type": "array", "items": check, "maxItems": MAX_ITEMS},
        },
        "required": ["id", "kind", "title"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "tasks": {"type": "array", "items": task, "minItems": 1, "maxItems": most},
            "goals": {"type": "array", "items": {"enum": list(words.artifacts)}, "maxItems": MAX_TASKS},
        },
        "required": ["tasks"],
        "additionalProperties": False,
    }


def _contexts(base: Plan) -> Iterator[Bindings]:
    bindings = {**base.bindings, "brief": base.brief}
    yield bindings
    for value in base.bindings.values():
        if isinstance(value, list):
            for element in value:
                if isinstance(element, Mapping):
                    yield {**bindings, **element}


def _fits(template: TaskTemplate, bindings: Bindings) -> bool:
    """Whether the bindings have all that the template names."""
    told = [template.title, template.body, *template.requires, *template.provides, template.files]
    told += [entry.get("text", "") for entry in template.accept]
    if any("{" in str(fill(text, bindings)) for text in told if isinstance(text, str)):
        return False
    return not (isinstance(template.files, str) and template.files.removeprefix("=") not in bindings)
