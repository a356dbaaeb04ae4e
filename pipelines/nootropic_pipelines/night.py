"""Runs the nightly job once, in this process, and tells its outcome.

Run as ``python -m nootropic_pipelines.night`` with the environment of the services; ``--force`` runs it even when
nothing is new.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import closing
from typing import Any

from nootropic_kernel.agents import nightly
from nootropic_kernel.agents.pipeline_services import NightFailed
from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_pipelines import news


def main(argv: list[str] | None = None) -> int:
    """Run the night unless nothing is new."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--force", action="store_true")
    force = options.parse_args(argv).force
    # Being ended politely is an interrupt: Dagster then marks the run, and the kernel of the notebook is shut down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        news.finish(_run(force))
    except NootropicError as error:
        news.fail(error)
        return 1
    except Exception as error:
        news.fail(NightFailed("The nightly job could not run.", why=f"{type(error).__name__}: {error}"))
        raise
    return 0


def _run(force: bool) -> dict[str, Any]:
    from nootropic_pipelines.prepare import workspace_of_services

    workspace = workspace_of_services()
    with closing(StateDatabase.open(workspace)) as database:
        if not force and not nightly.since_last_success(database, workspace).is_new:
            last = nightly.last_success(database)
            return {"skipped": nightly.NOTHING_NEW, **(nightly.outcome(last) if last else {})}
    news.tell("Starting Dagster …", 0.0)
    return _execute(workspace)


def _execute(workspace: Workspace) -> dict[str, Any]:
    from dagster import DagsterInstance

    from nootropic_pipelines import prepare
    from nootropic_pipelines.definitions import JOB, defs

    stores = PipelineStores(workspace)
    prepare.prepare(stores)
    with DagsterInstance.get() as instance:
        prepare.recover(workspace, instance)
        done = defs.resolve_job_def(JOB).execute_in_process(instance=instance, raise_on_error=False)
    with closing(StateDatabase.open(workspace)) as database:
        ended = nightly.last(database, done.run_id)
    if done.success and ended:
        return nightly.outcome(ended)
    facts = nightly.outcome(ended) if ended else {"dagster_run": done.run_id}
    raise NightFailed(
        "The nightly job failed.",
        why=ended.data["error"] if ended else "; ".join(_causes(done)),
        next=f"See {facts.get('notebook', 'its log')}, mend the cause, then run `noo pipelines run nightly` again.",
        **facts,
    )


def _causes(done: Any) -> list[str]:
    causes = []
    for event in done.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if event.is_failure and error is not None:
            causes.append((error.cause or error).message.strip())
    return list(dict.fromkeys(causes)) or ["Dagster gave no reason"]


if __name__ == "__main__":
    sys.exit(main())
