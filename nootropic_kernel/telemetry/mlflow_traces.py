"""Spans as MLflow traces in the workspace's own MLflow store, where its page shows them beside runs and models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.destination import NotDelivered
from nootropic_kernel.telemetry.otlp import readable_span
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.telemetry.texts import spoken, without_texts
from nootropic_kernel.workspace.measuring import PromptText

EXPERIMENT = "nootropic"
_KINDS = {"chat": "CHAT_MODEL", "embeddings": "EMBEDDING"}


class MlflowDestination:
    """The MLflow store of a workspace. It is on this machine, so that what was said may go with a span unless the
    person switched that off.

    :param spans: where the rest of a trace is found when its first span has ended.
    """

    name = "mlflow"

    def __init__(self, database: Path, prompt_text: PromptText, spans: SpanStore) -> None:
        self._database = database
        self._prompt_text = prompt_text
        self._spans = spans

    def send(self, records: Sequence[SpanRecord]) -> None:
        """Log the traces that ended with one of these spans, if a model was asked in them.

        :raises NotDelivered: when the store cannot be written.
        """
        ended = [record.trace_id for record in records if record.parent_id is None]
        traces = [self._spans.trace(trace_id) for trace_id in dict.fromkeys(ended)]
        wanted = [record for trace in traces if any(map(_is_model_call, trace)) for record in trace]
        if not wanted:
            return
        from mlflow.entities.span import create_mlflow_span
        from mlflow.exceptions import MlflowException
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
        from sqlalchemy.exc import SQLAlchemyError

        spans = [create_mlflow_span(_mlflow_readable(r, self._prompt_text), f"tr-{r.trace_id}") for r in wanted]
        try:
            artifacts = self._database.with_name("mlflow-artifacts")
            store = SqlAlchemyStore(f"sqlite:///{self._database}", artifacts.as_uri())
            experiment = store.get_experiment_by_name(EXPERIMENT)
            number = experiment.experiment_id if experiment is not None else store.create_experiment(EXPERIMENT)
            store.log_spans(number, spans)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise NotDelivered("The MLflow store cannot be written.", why=str(error)[:300]) from error


def _is_model_call(record: SpanRecord) -> bool:
    return semconv.OPERATION in record.attributes


def _mlflow_readable(record: SpanRecord, prompt_text: PromptText) -> Any:
    """The span with what MLflow's page looks for, each value as JSON."""
    told = without_texts(record.attributes)
    attributes: dict[str, Any] = {
        **told,
        "mlflow.traceRequestId": f"tr-{record.trace_id}",
        "mlflow.spanType": _KINDS.get(str(told.get(semconv.OPERATION)), "CHAIN"),
    }
    read, written = told.get(semconv.INPUT_TOKENS), told.get(semconv.OUTPUT_TOKENS)
    if read is not None and written is not None:
        usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        attributes["mlflow.chat.tokenUsage"] = usage
    if semconv.REQUEST_MODEL in told:
        attributes["mlflow.llm.model"] = told[semconv.REQUEST_MODEL]
        attributes["mlflow.llm.provider"] = told.get(semconv.PROVIDER, "")
    if semconv.COST_USD in told:
        attributes["mlflow.llm.cost"] = {"total_cost": told[semconv.COST_USD]}
    if prompt_text != "off":
        said = spoken({semconv.INPUT_MESSAGES: record.attributes.get(semconv.INPUT_MESSAGES, "[]")})
        answered = spoken({semconv.OUTPUT_MESSAGES: record.attributes.get(semconv.OUTPUT_MESSAGES, "[]")})
        if said:
            attributes["mlflow.spanInputs"] = {"messages": [{"role": r, "content": t} for r, t in said]}
        if answered:
            attributes["mlflow.spanOutputs"] = {"messages": [{"role": r, "content": t} for r, t in answered]}
    return readable_span(record, {name: json.dumps(value) for name, value in attributes.items()})
