"""``plan``: a brief becomes a plan in project-spec.md."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.agents.planner import Proposed, current_plan, current_spec, plan_brief
from nootropic_kernel.agents.scheduler import schedule_plan
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.plan_views import PlanResult
from nootropic_kernel.workspace.errors import UsageError

ANY_MODEL = "preferred"


class PlanParams(Params):
    """What is to be made."""

    brief: str | None = Field(
        None,
        description="What is to be made, in your own words. Without it the plan that is there is shown.",
        json_schema_extra={"position": 0, "words": True, "body": True},
    )
    amend: bool = Field(False, description="Bring the plan that is there to this edited brief.")
    schedule: bool = Field(
        False, description="Schedule the plan that is there anew, by the budget and agents in project-spec.md."
    )
    optimise: bool = Field(False, description="The same, looking for a shorter schedule (needs the extra opt).")
    model: str | None = Field(
        None,
        description="Have a model say what the plan lacks: the preferred one, or one by name (--model=NAME).",
        json_schema_extra={"bare": ANY_MODEL},
    )


@capability(effect=CapabilityEffect.PROPOSE)
def plan(params: PlanParams, session: Session) -> PlanResult:
    """Turn a brief into a plan of tasks, kept and committed as project-spec.md.

    The brief is read by its own words, and you see what became of each: understood (it shaped the plan),
    assumed, noted, not understood. What is to be left alone is shown as a limit, and no task touches it. Each task
    says how it is done: by a recipe with arguments found in your repository, by a model's edit, by you, or that
    nothing can do it yet. No model is needed; with `--model` one is asked what the plan lacks. What is valid in its
    answer is added and marked as the model's, what is not is mended or left out and told. Its commands are never run.

    Planning the same brief again shows the plan that is there. An edited brief needs `--amend`: finished tasks and
    all ids stay. Only project-spec.md is written and committed; what you have staged or not saved stays as it is.

    `budget` and `agents` in project-spec.md decide who does what and when: stories that do not fit are left for later,
    and a budget that cannot be kept is told with the least that would do. After editing them say `--schedule`: it
    lists when each task starts and ends. `--optimise` looks longer for a shorter schedule.

    Next: `noo next` lists what can be done, `noo run` does it, `noo board` shows how far the plan is.
    """
    workspace = session.workspace
    if params.schedule or params.optimise:
        if params.brief is not None or params.amend or params.model is not None:
            raise UsageError("`--schedule` and `--optimise` go alone.", next="Plan first, then say that.")
        current_spec(workspace)
        session.status("Scheduling the plan")
        optimise, unsaved = params.optimise, session.unsaved
        scheduled = schedule_plan(workspace, session.database(), optimise=optimise, unsaved=unsaved)
        return PlanResult.of(scheduled, times=True)
    brief = params.brief
    if brief is None:
        brief = current_spec(workspace).plan.brief
        if params.model is None:
            return PlanResult.of(current_plan(workspace, session.database()))
    session.status("Reading the brief and the repository")
    proposed, said_of_it = _proposed(params.model, brief, params.amend, session) if params.model else (None, ())
    planned = plan_brief(
        workspace, session.database(), brief, amend=params.amend, proposed=proposed, unsaved=session.unsaved
    )
    elsewhere = f" in {workspace.root}" if session.here.resolve() != workspace.root.resolve() else ""
    said = {
        "made": f"{'Planned, and committed' if planned.commit else 'Planned; see'} project-spec.md{elsewhere}",
        "amended": f"Amended{elsewhere} to revision {planned.plan.revision}",
        "shown": f"This is the plan that is there already{elsewhere}",
    }[planned.action]
    commit = f" ({planned.commit[:10]})" if planned.commit else ""
    return PlanResult.of(planned, f"{said}{commit}.", *said_of_it)


def _proposed(model: str, brief: str, amend: bool, session: Session) -> tuple[Proposed | None, tuple[str, ...]]:
    from nootropic_kernel.agents.handlers import Workbench
    from nootropic_kernel.agents.proposer import ask_model

    session.workspace.ensure()
    bench = Workbench(
        session.workspace,
        session.settings(),
        on_text=session.write,
        tell=session.status,
        backend="" if model == ANY_MODEL else model,
    )
    return ask_model(session.workspace, session.database(), brief, bench, session.cancel, amend=amend)
