"""How spans are shown: as a tree in a terminal, and as boxes with bars in a cell."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.budget import usd
from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.telemetry.texts import spoken

_BAR = 24
_SHOWN_CHARS = 2000


class SaidView(BaseModel):
    """One message: who (``system``, ``user``, ``assistant``, ``reasoning``) said what."""

    role: str
    text: str


class SpanView(BaseModel):
    """One step, with how deep it lies in the trace and when it began, counted from the trace's begin."""

    id: str = ""
    name: str
    depth: int
    start_s: float = 0.0
    duration_s: float
    error: str | None
    attributes: dict[str, Any]
    said: list[SaidView] = Field(default_factory=list, description="What was said, where it was asked for and kept.")

    @classmethod
    def of(cls, record: SpanRecord, depth: int, began_ns: int, *, with_text: bool = False) -> SpanView:
        """The view of a span; its texts are apart from its attributes."""
        return cls(
            id=record.span_id,
            name=record.name,
            depth=depth,
            start_s=(record.start_ns - began_ns) / 1e9,
            duration_s=record.duration_s,
            error=record.error,
            attributes={name: value for name, value in record.attributes.items() if name not in semconv.TEXTS},
            said=[SaidView(role=role, text=text) for role, text in spoken(record.attributes)] if with_text else [],
        )

    @property
    def is_model_call(self) -> bool:
        """Whether a model was asked in it."""
        return semconv.OPERATION in self.attributes

    @property
    def facts(self) -> str:
        """Model, tokens, cost and the like in a few words."""
        told, facts = self.attributes, []
        if (prompt := told.get(semconv.PROMPT)) is not None:
            facts.append(str(prompt))
        if self.is_model_call:
            read, written = told.get(semconv.INPUT_TOKENS, "?"), told.get(semconv.OUTPUT_TOKENS, "?")
            cached = told.get(semconv.CACHED_TOKENS)
            facts.append(f"{read}{f' ({cached} cached)' if cached else ''} → {written} tokens")
            if (first := told.get(semconv.RESPONSE_FIRST_CHUNK_S)) is not None:
                facts.append(f"first after {first:.2f} s")
            facts.append(cost_text(told.get(semconv.COST_USD), told.get(semconv.COST_LABEL)))
            if (cpu := told.get(semconv.CPU_S)) is not None:
                facts.append(f"{cpu:.2f} CPU s")
        return ", ".join(facts)

    def line(self) -> str:
        """The step in one line."""
        failed = f"  ✗ {self.error}" if self.error else ""
        told = f"  ({self.facts})" if self.facts else ""
        return f"{'  ' * self.depth}{self.name}  {self.duration_s:.2f} s{told}{failed}"


def cost_text(amount: float | None, label: str | None) -> str:
    """A cost with where it comes from."""
    return "cost unknown" if amount is None else f"{usd(amount)} by {label}"


def ordered(
    records: Sequence[SpanRecord],
    keep: Callable[[SpanRecord], bool] = lambda record: True,
    *,
    with_text: bool = False,
) -> list[SpanView]:
    """The spans as a tree that is read from above; of those not kept, only what others hang below is there."""
    known = {record.span_id: record for record in records}
    below: dict[str | None, list[SpanRecord]] = {}
    for record in records:
        below.setdefault(record.parent_id if record.parent_id in known else None, []).append(record)
    began = min((record.start_ns for record in records), default=0)
    wanted: set[str] = set()
    for record in filter(keep, records):
        above: SpanRecord | None = record
        while above is not None and above.span_id not in wanted:
            wanted.add(above.span_id)
            above = known.get(above.parent_id or "")
    views: list[SpanView] = []
    pending = [(record, 0) for record in reversed(below.get(None, []))]
    while pending:
        record, depth = pending.pop()
        if record.span_id in wanted:
            views.append(SpanView.of(record, depth, began, with_text=with_text and keep(record)))
        pending += [(child, depth + 1) for child in reversed(below.get(record.span_id, []))]
    return views


def tree_text(spans: Sequence[SpanView]) -> str:
    """The tree with bars for when each step ran; what was said below its step."""
    whole = _whole(spans)
    lines = []
    for span in spans:
        begin, width = _place(span, whole, _BAR)
        bar = " " * begin + "━" * width
        lines.append(f"{bar:<{_BAR}}  {span.line()}")
        for said in span.said:
            lines += [
                f"{' ' * _BAR}  {'  ' * span.depth}  {said.role}:",
                *_indented(said.text, _BAR + 2 * span.depth + 6),
            ]
    return "\n".join(lines)


def tree_html(spans: Sequence[SpanView]) -> str:
    """The tree as boxes that open, the first two levels open, each with a bar for when it ran."""
    whole = _whole(spans)
    parts: list[str] = []
    open_boxes: list[int] = []
    for number, span in enumerate(spans):
        while open_boxes and open_boxes[-1] >= span.depth:
            parts.append("</details>")
            open_boxes.pop()
        deeper = number + 1 < len(spans) and spans[number + 1].depth > span.depth
        if not deeper and not span.said:
            parts.append(f'<div style="margin-left:2.1em">{_row_html(span, whole)}</div>')
            continue
        opened = " open" if span.depth < 2 else ""
        parts.append(f'<details{opened} style="margin-left:1em"><summary>{_row_html(span, whole)}</summary>')
        parts += [
            f'<div style="margin-left:2em"><b>{html.escape(said.role)}</b>'
            f'<pre style="white-space:pre-wrap;margin:.2em 0 .6em">{html.escape(said.text[:_SHOWN_CHARS])}</pre></div>'
            for said in span.said
        ]
        open_boxes.append(span.depth)
    return "".join([*parts, *("</details>" for _ in open_boxes)])


def _row_html(span: SpanView, whole: float) -> str:
    begin, width = _place(span, whole, 1000)
    color = "#c62828" if span.error else "#1976d2" if span.is_model_call else "#90a4ae"
    failed = f' <b style="color:#c62828">✗ {html.escape(span.error)}</b>' if span.error else ""
    return (
        '<span style="display:inline-block;width:12em;height:.6em;background:rgba(128,128,128,.15);margin-right:.6em">'
        f'<span style="display:block;height:100%;margin-left:{begin / 10:.1f}%;width:{width / 10:.1f}%;'
        f'background:{color}"></span></span><code>{html.escape(span.name)}</code> {span.duration_s:.2f} s '
        f'<span style="opacity:.7">{html.escape(span.facts)}</span>{failed}'
    )


def when(start_ns: int) -> str:
    """A moment for people, in their own time."""
    return datetime.fromtimestamp(start_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")


def _whole(spans: Sequence[SpanView]) -> float:
    return max((span.start_s + span.duration_s for span in spans), default=0.0) or 1e-9


def _place(span: SpanView, whole: float, size: int) -> tuple[int, int]:
    """Where a bar of the ``size`` of the whole begins, and how wide it is; never nothing, never outside."""
    begin = min(size - 1, max(0, int(span.start_s / whole * size)))
    return begin, min(size - begin, max(1, round(span.duration_s / whole * size)))


def _indented(text: str, columns: int) -> list[str]:
    lines = text[:_SHOWN_CHARS].splitlines()
    if len(text) > _SHOWN_CHARS:
        lines.append(f"… {len(text) - _SHOWN_CHARS} more characters (`--json` has all)")
    return [f"{' ' * columns}{line}".rstrip() for line in lines]
