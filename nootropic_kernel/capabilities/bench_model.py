"""``bench-model``: measure a model on this machine; the score prefers what was measured."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.models.benchmarks import bench
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.measurements import Measurement, keep
from nootropic_kernel.models.router import Router


class BenchModelParams(Params):
    """Which model to measure, and how often."""

    name: str = Field(
        default="",
        description="A backend, or a model that one serves; without it the one that answers.",
        json_schema_extra={"position": 0},
    )
    rounds: int = Field(default=3, ge=1, le=20, description="How often to measure the speed; the medians count.")


class BenchModelResult(Result):
    """The figures of the model, the score before and after, and the tasks that it did not solve."""

    measurement: Measurement
    score_before: float
    score: float
    unsolved: list[str]
    file: str

    def text(self) -> str:
        """The figures, one line each."""
        found = self.measurement
        read = f"{found.prefill_tokens_per_s:.1f} tokens/s" if found.prefill_tokens_per_s else "not told by the server"
        lines = [
            f"{found.backend} ({found.model}) on {found.machine}",
            f"  reads    {read}",
            f"  writes   {found.decode_tokens_per_s:.1f} tokens/s",
            f"  begins   after {found.first_token_s:.2f} s",
            f"  solves   {found.tasks - len(self.unsolved)} of {found.tasks} tasks",
            f"  score    {self.score:.3f} (before {self.score_before:.3f}); `noo models --why` shows its terms",
        ]
        if self.unsolved:
            lines.append(f"  not solved: {', '.join(self.unsolved)}")
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def bench_model(params: BenchModelParams, session: Session) -> BenchModelResult:
    """Measure a model on this machine: how fast it reads and writes, and how many small tasks it solves.

    The figures are kept for this machine and go before those of the catalogue when a model is chosen. It asks the model
    some twenty times: a backend that is not local may cost money.
    """
    policy = Policy(backend=params.name)
    router = Router(session.settings(), session.workspace)
    before = router.choose(policy)
    measurement, unsolved = bench(before.candidate, params.rounds, session.status, session.cancel)
    file = keep(measurement, before.candidate.url)
    after = router.choose(policy)
    return BenchModelResult(
        measurement=measurement,
        score_before=round(before.score.total, 4),
        score=round(after.score.total, 4),
        unsolved=unsolved,
        file=str(file),
    )
