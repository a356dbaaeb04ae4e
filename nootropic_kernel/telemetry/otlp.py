"""Spans to an OTLP endpoint, by HTTP and protobuf. https://opentelemetry.io/docs/specs/otlp/#otlphttp

The encoder is OpenTelemetry's own. The request is made here, because its answers decide what is sent again, and because
a redirect or a proxy must not lead spans to somebody whom the person did not name.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from nootropic_kernel.telemetry.destination import NotDelivered, Refused
from nootropic_kernel.telemetry.semconv import TEXT_LEVEL
from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.telemetry.texts import without_texts
from nootropic_kernel.workspace.backend_settings import is_private_url
from nootropic_kernel.workspace.measuring import PromptText

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

# OTLP: these, and no answer at all, mean "again, later"; any other refusal is for good.
_RETRYABLE = frozenset({429, 502, 503, 504})
_TIMEOUT_S = 10.0


class OtlpDestination:
    """An OTLP endpoint that the person named.

    :param prompt_text: what was said goes with a span only if this is ``export``, and was when it was said.
    """

    def __init__(self, endpoint: str, prompt_text: PromptText, *, timeout_s: float = _TIMEOUT_S) -> None:
        self.endpoint = endpoint
        self._prompt_text = prompt_text
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """By its URL: another endpoint begins anew."""
        return f"otlp {self.endpoint}"

    def send(self, records: Sequence[SpanRecord]) -> None:
        """Send spans in one request.

        :raises NotDelivered: when nobody answers in time, or the answer says to try again.
        :raises Refused: when the endpoint says that it will not take them.
        """
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

        body = encode_spans([self._readable(record) for record in records]).SerializeToString()
        headers = {**_own_headers(), "Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
        try:
            # A proxy is for what is out in the network; asked for a private address, it would be told of it.
            with httpx.Client(
                timeout=self._timeout_s, trust_env=not is_private_url(self.endpoint), follow_redirects=False
            ) as client:
                status = client.post(self.endpoint, content=gzip.compress(body, 1), headers=headers).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotDelivered(
                f"{self.endpoint} could not be reached.", why=f"{type(error).__name__}: {error}".rstrip(": ")
            ) from error
        if status in _RETRYABLE or status >= 500:
            raise NotDelivered(f"{self.endpoint} answered {status}.")
        if not 200 <= status < 300:
            raise Refused(f"{self.endpoint} refused spans with {status}.")

    def _readable(self, record: SpanRecord) -> ReadableSpan:
        # Both then and now: consent given later does not reach back, consent taken back holds at once.
        may_tell = self._prompt_text == "export" and record.attributes.get(TEXT_LEVEL) == "export"
        return readable_span(record, record.attributes if may_tell else without_texts(record.attributes))


def _own_headers() -> Mapping[str, str]:
    """What the endpoint is to know the person by, from the variable that OTLP has for it: never from a file."""
    from opentelemetry.util.re import parse_env_headers

    return parse_env_headers(os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", ""), liberal=True)


def readable_span(record: SpanRecord, attributes: Mapping[str, Any]) -> ReadableSpan:
    """A kept span as OpenTelemetry's own, with these attributes."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(span_id: str) -> SpanContext:
        return SpanContext(int(record.trace_id, 16), int(span_id, 16), False, TraceFlags(TraceFlags.SAMPLED))

    return ReadableSpan(
        record.name,
        context=context(record.span_id),
        parent=context(record.parent_id) if record.parent_id else None,
        resource=Resource({"service.name": "nootropic"}),
        attributes=attributes,
        status=Status(StatusCode.ERROR, record.error) if record.error else Status(StatusCode.UNSET),
        start_time=record.start_ns,
        end_time=record.end_ns,
        kind=SpanKind.INTERNAL,
    )
