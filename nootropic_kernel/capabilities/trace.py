"""``trace``: what was done, step by step: how long each took, which model was asked, what it cost and what was said."""

from __future__ import annotations

import html
import re
import time

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.trace_views import SpanView, ordered, tree_html, tree_text, when
from nootropic_kernel.changes.accept import choose
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.budget import usd
from nootropic_kernel.telemetry.spans import flush, span_store
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.plain_text import readable

_POLL_S = 0.3
_OWN = ("noo trace", "noo cost")


class TraceParams(Params):
    """Which trace, and which of its steps."""

    id: str | None = Field(
        None,
        description="A trace (or the begin of its id), a proposal (P1), a task (T3), `last`; without it, a list.",
        json_schema_extra={"position": 0, "complete": "proposal task"},
    )
    text: bool = Field(False, description="Show what was said to the model and by it, as far as it was kept.")
    model: str | None = Field(None, description="Only calls of this model or backend.")
    kind: str | None = Field(None, description="Only steps whose name begins so: chat, ask, retrieve, run, recipe …")
    slow: float | None = Field(None, ge=0, description="Only steps that took at least so many seconds.")
    errors: bool = Field(False, description="Only steps that failed.")
    limit: int = Field(20, ge=1, le=500, description="How many traces to list at most.")
    follow: bool = Field(False, description="Show steps as they end, until you stop it.")
    seconds: float | None = Field(None, gt=0, description="With --follow: stop by itself after so many seconds.")


class TraceSummary(BaseModel):
    """One trace in a list."""

    id: str
    name: str
    started: str
    duration_s: float
    error: str | None
    model_calls: int
    usd: float | None = Field(description="What its model calls cost together; null when one of them is unknown.")


class TraceResult(Result):
    """A trace as a tree of steps, or a list of traces."""

    id: str | None = None
    started: str | None = None
    spans: list[SpanView] = Field(default_factory=list)
    traces: list[TraceSummary] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """The tree, or a line a trace; what there is to note at the end."""
        head = [f"trace {self.id}  {self.started}"] if self.id else []
        body = [tree_text(self.spans)] if self.spans else [self._line(each) for each in self.traces]
        return "\n".join([*head, *(body or ["There is nothing to show."]), *self.notes])

    def html(self) -> str:
        """The tree in boxes that open, or the list."""
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        if self.spans:
            return (
                f"<p><code>{html.escape(self.id or '')}</code> {self.started or ''}</p>{tree_html(self.spans)}{notes}"
            )
        lines = "\n".join(map(self._line, self.traces)) or "There is nothing to show."
        return f"<pre>{html.escape(lines)}</pre>{notes}"

    def _line(self, each: TraceSummary) -> str:
        calls = ""
        if each.model_calls:
            cost = "cost unknown" if each.usd is None else usd(each.usd)
            calls = f"  ({each.model_calls} model call{'s' if each.model_calls > 1 else ''}, {cost})"
        failed = f"  ✗ {each.error}" if each.error else ""
        return f"{each.id[:8]}  {each.started}  {each.name}  {each.duration_s:.2f} s{calls}{failed}"


@capability(effect=CapabilityEffect.READ)
def trace(params: TraceParams, session: Session) -> TraceResult:
    """Show what was done, step by step, with times, models, tokens, cost and errors.

    Without an id the latest traces are listed; `last` is the latest one, P1 the one that made a proposal, T3 the one
    that worked on a task last. `--text` shows prompts, answers and thoughts: they are kept on this machine only, unless
    `telemetry.promptText` in your settings is `off` (kept nowhere) or `export` (also sent to your OTLP endpoint).
    """
    if params.follow:
        if params.id is not None:
            raise UsageError("--follow shows what ends from now on.", next="Leave the id out.")
        return _follow(params, session)
    flush()
    store = span_store(session.workspace)
    if params.id is None:
        found = [_summary(root, store) for root in store.roots(params.limit, leave_out=_OWN)]
        return TraceResult(traces=found, notes=_notes(session, store))
    trace_id, notes = _trace_id(params.id.strip(), session, store)
    records = store.trace(trace_id)
    if not records:
        raise UsageError(
            f"Nothing is kept of the trace {trace_id[:8]}.",
            why="Spans are kept for 14 days.",
            next="`noo trace` lists those that are there.",
        )
    spans = ordered(records, lambda record: _matches(record, params), with_text=params.text)
    if params.text and not any(span.said for span in spans):
        notes.append(
            "Nothing that was said is kept of these steps: telemetry.promptText was `off`, or no model was asked."
        )
    started = when(min(record.start_ns for record in records))
    return TraceResult(id=trace_id, started=started, spans=spans, notes=[*notes, *_notes(session, store)])


def _trace_id(name: str, session: Session, store: SpanStore) -> tuple[str, list[str]]:
    """The trace that a name stands for, and what there is to say about the choice."""
    if name == "last":
        roots = store.roots(1, leave_out=_OWN)
        if not roots:
            raise UsageError("Nothing was done here yet.", next="Run a verb first, such as `noo run`.")
        return roots[0].trace_id, []
    if re.fullmatch(r"[Pp]\d+", name):
        (chosen,) = choose(ProposalStore(session.database(), session.workspace), [name.upper()])
        made_by = chosen.proposal.changeset.provenance.trace_id
        if made_by is None:
            raise UsageError(f"The proposal {name.upper()} was made without a trace.")
        return made_by, []
    if re.fullmatch(r"[Tt]\d+", name):
        traces = store.trace_ids_with(semconv.TASK, name.upper())
        if not traces:
            raise UsageError(f"No trace is kept of the task {name.upper()}.", next="`noo trace` lists those there are.")
        others = f"{len(traces) - 1} earlier: {', '.join(each[:8] for each in traces[1:6])}."
        return traces[0], [others] if len(traces) > 1 else []
    if not re.fullmatch(r"[0-9a-f]{4,32}", name.lower()):
        raise UsageError(f"{name!r} names no trace.", next="Give the begin of its id, P1, T3, or `last`.")
    found = store.roots(2, like=name.lower())
    if len(found) > 1:
        raise UsageError(f"Several traces begin with {name!r}.", next="Give more of the id.")
    return (found[0].trace_id if found else name.lower()), []


def _matches(record: SpanRecord, params: TraceParams) -> bool:
    told = record.attributes
    names = (told.get(semconv.REQUEST_MODEL), told.get(semconv.RESPONSE_MODEL), told.get(semconv.BACKEND))
    return (
        (params.model is None or params.model in names)
        and (params.kind is None or record.name.startswith(params.kind))
        and (params.slow is None or record.duration_s >= params.slow)
        and (not params.errors or record.error is not None)
    )


def _summary(root: SpanRecord, store: SpanStore) -> TraceSummary:
    calls = [record.attributes for record in store.trace(root.trace_id) if semconv.OPERATION in record.attributes]
    costs = [told.get(semconv.COST_USD) for told in calls]
    return TraceSummary(
        id=root.trace_id,
        name=root.name,
        started=when(root.start_ns),
        duration_s=root.duration_s,
        error=root.error,
        model_calls=len(calls),
        usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _follow(params: TraceParams, session: Session) -> TraceResult:
    """Tell each step as it ends, those of other processes too; a step ends before the one that it is part of."""
    flush()
    store = span_store(session.workspace)
    seq, seen = store.last_seq(), list[SpanView]()
    deadline = None if params.seconds is None else time.monotonic() + params.seconds
    session.status("Waiting for steps to end; stop with Ctrl-C (■) …")
    while not session.cancel.is_set() and (deadline is None or time.monotonic() < deadline):
        for number, record in store.since(seq):
            seq = number
            if _matches(record, params):
                view = SpanView.of(record, 0, record.start_ns, with_text=params.text)
                session.write(readable(f"{record.trace_id[:8]}  {view.line()}\n"))
                # With an end in sight the steps are also its result; without, they would only fill memory.
                seen += [view] if deadline is not None else []
        session.cancel.wait(_POLL_S)
    return TraceResult(spans=seen)


def _notes(session: Session, store: SpanStore) -> list[str]:
    """One note a destination that cannot be reached."""
    endpoint = session.settings().measuring.telemetry.otlp_endpoint
    notes = []
    for name, state in store.forwarding().items():
        current = name == "mlflow" or name == f"otlp {endpoint}"
        if current and state.failing_since is not None:
            since = when(int(state.failing_since * 1e9))
            notes.append(f"Since {since} spans wait to be sent on: {state.reason} They are kept and sent later.")
        elif current and state.refused:
            notes.append(f"{state.refused} spans were not taken: {state.reason}")
    return notes
