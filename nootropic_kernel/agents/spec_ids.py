"""The ids that a plan has given, as its last revisions hold them: one whose task was taken out is not given again."""

from __future__ import annotations

import json
import re

from nootropic_kernel.agents.spec_history import SpecHistory
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

_TASK = re.compile(rb"^#### T(\d{1,9})(?!\d)", re.MULTILINE)


def last_given(workspace: Workspace, database: StateDatabase, plan: Plan) -> int:
    """The highest number of a task in what was written here last and in HEAD; 0 where neither is of this plan."""
    latest = SpecHistory(database, plan.id).latest()
    texts = [latest.content] if latest is not None else []
    if workspace.has_git:
        repository = Repository(workspace.root, workspace.state_dir)
        texts.append(repository.content(repository.in_head(FILE_NAME)) or b"")
    own = f"id: {json.dumps(plan.id)}\n".encode()
    return max((int(name) for text in texts if own in text for name in _TASK.findall(text)), default=0)
