"""What a killed process left of a write of project-spec.md, settled by whoever opens the workspace next."""

from __future__ import annotations

from nootropic_kernel.agents.spec_edits import resumed
from nootropic_kernel.agents.spec_file import read_state
from nootropic_kernel.agents.spec_history import SpecHistory, unfinished
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace


def settle_spec(workspace: Workspace, database: StateDatabase) -> None:
    """Finish or forget a write that a killed process left; one that is being done is left alone."""
    try:
        with turn_lock(workspace, database, timeout_s=0):
            found = read_state(workspace)
            for plan in unfinished(database):
                history = SpecHistory(database, plan)
                latest = history.latest()
                if latest is None or latest.finished:
                    continue
                if found is None or found.plan.id != plan:
                    history.drop(latest.revision)
                else:
                    resumed(workspace, history, latest, found)
    except NootropicError:
        return  # somebody is at it; or the file or Git is in a state that whoever plans next is told of
