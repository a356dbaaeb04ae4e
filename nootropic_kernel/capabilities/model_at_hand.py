"""Whether a task for a model could be run here now, found out without loading or asking one."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.planning.model import Task


def without_model(tasks: Sequence[Task], session: Session) -> tuple[list[Task], str]:
    """Those of the tasks that no model can do as there is none here, and what is to be said of them; empty else."""
    from nootropic_kernel.models.router import choose

    wanting = [task for task in tasks if task.how.kind == "model"]
    if not wanting:
        return [], ""
    try:
        choose(session.settings(), session.workspace).close()
    except NoModel as problem:
        more = f" and {len(wanting) - 5} more" if len(wanting) > 5 else ""
        names = ", ".join(task.id for task in wanting[:5])
        return wanting, f"{names}{more} {'waits' if len(wanting) == 1 else 'wait'} for a model. {problem}"
    return [], ""
