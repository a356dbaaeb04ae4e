"""``learn``: training on accepted changes; not available yet, but it tells what waits for it."""

from __future__ import annotations

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.learning.dataset import rows_of
from nootropic_kernel.workspace.errors import NootropicError


class NotAvailableYet(NootropicError):
    """A verb whose work is not built yet."""


class LearnParams(Params):
    """Nothing to choose."""


class LearnResult(Result):
    """What was learned."""

    rows: int


@capability(effect=CapabilityEffect.PROPOSE)
def learn(params: LearnParams, session: Session) -> LearnResult:
    """Train the embedded model on the changes that you accepted. Not available yet.

    Until it is, this tells how many accepted hunks wait to be learned from, and refuses.
    """
    session.workspace.ensure()
    rows = rows_of(ProposalStore(session.database(), session.workspace).list())
    edited = sum(row.edited for row in rows)
    waiting = f"{len(rows)} accepted {'hunk waits' if len(rows) == 1 else 'hunks wait'} to be learned from"
    raise NotAvailableYet(
        "Nootropic cannot train yet.",
        why=f"{waiting}{f', {edited} of them edited by you' if edited else ''}; they are kept.",
        next="`noo pipelines run` logs them as a dataset to MLflow.",
        rows=len(rows),
        edited=edited,
    )
