"""Fields that an edited brief adds to a thing whose task was begun: such a task stays as it is, so that is told."""

from __future__ import annotations

from collections.abc import Container, Iterator

from nootropic_kernel.planning.model import GIVEN_UP, Plan
from nootropic_kernel.planning.reading.wording import listing


def fields_left_out(old: Plan, new: Plan, begun: Container[str]) -> Iterator[str]:
    """What of the edited brief no task does, in sentences, with how to have it done.

    :param begun: tasks that an amendment does not change.
    """
    before = _fields(old)
    for thing, fields in _fields(new).items():
        added = [field for field in fields if field not in before.get(thing, fields)]
        writes = next(
            (t.id for t in old.tasks if f"entity:{thing}" in t.provides and t.status not in GIVEN_UP and t.id in begun),
            "",
        )
        if added and writes:
            wanted = " and ".join(f"a field named {field}" for field in added)
            yield (
                f"Not planned: {listing(added)} of {thing.replace('_', ' ')}, as {writes} was begun before; to have it "
                f'done: `noo replan {writes} --kind wrong --because "it needs {wanted}"`.'
            )


def _fields(plan: Plan) -> dict[str, list[str]]:
    return {
        str(each["entity"]): [str(field["name"]) for field in each.get("fields", ())]
        for each in plan.bindings.get("entities", ())
    }
