"""Writes a night into MLflow: parameters, metrics, the accepted diffs as a dataset, the executed notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_pipelines.report import Report

_WINDOW = "nootropic.window"


def log_night(
    stores: PipelineStores,
    report: Report,
    *,
    window: str,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
) -> str:
    """Log the night as one run of the experiment ``nightly`` and return its id.

    A finished run of the same window is returned as it is: a job that is repeated after a crash logs nothing twice.
    """
    import mlflow

    mlflow.set_tracking_uri(stores.tracking_uri)
    experiment = mlflow.set_experiment("nightly")
    finished = mlflow.search_runs(
        [experiment.experiment_id],
        filter_string=f"tags.`{_WINDOW}` = '{window}' AND attributes.status = 'FINISHED'",
        max_results=1,
        output_format="list",
    )
    if finished and not report.error:
        return str(finished[0].info.run_id)
    run = mlflow.start_run(run_name=name, tags={**tags, _WINDOW: window})
    status = "FAILED"
    try:
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        if rows:
            _log_dataset(rows, report)
        if report.path.exists():
            mlflow.log_artifact(str(report.path), "report")
        if report.error:
            mlflow.set_tag("nootropic.error", report.error[:5000])
        else:
            status = "FINISHED"
    finally:
        mlflow.end_run(status)
    return str(run.info.run_id)


def _log_dataset(rows: Sequence[Mapping[str, Any]], report: Report) -> None:
    import mlflow
    import pandas
    from mlflow.data.sources import LocalArtifactDatasetSource

    frame = pandas.DataFrame([{name: _cell(value) for name, value in row.items()} for row in rows])
    facts = report.path.with_suffix(".json")  # beside the notebook that was made from them
    dataset = mlflow.data.from_pandas(frame, source=LocalArtifactDatasetSource(str(facts)), name="accepted-diffs")
    mlflow.log_input(dataset, context="accepted")
    mlflow.log_table(frame, "dataset/accepted-diffs.json")


def _cell(value: Any) -> Any:
    """A value for a column of one type: MLflow guesses the type, and cannot from one that is None here and there."""
    return (
        value if isinstance(value, int | float) and not isinstance(value, bool) else str("" if value is None else value)
    )
