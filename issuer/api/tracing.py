"""A span of OpenTelemetry for each request, to a collector: route templates and codes, no more.

Rules: a span holds what the log holds of a request; nothing inside a request is traced, where
statements and addresses would come along. A caller's ``traceparent`` becomes the parent, so that
traces of several systems join; it decides nothing, above all not whether a span is kept. What is
*not* here: the packages, which the extra ``tracing`` brings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from healthpassport.watching import Seen

SERVICE: Final = "passport-issuer"
TIMEOUT: Final = 5.0  # seconds for one delivery to the collector; requests never wait for it
_SERVER_FAULT: Final = 500
_NANO: Final = 1_000_000_000


class Traces:
    """Sends a span for each request that it is told of; ``close`` sends what waits.

    Args:
        exporter: where spans go.
        clock: nanoseconds since 1970.
    """

    def __init__(self, exporter: SpanExporter, *, clock: Callable[[], int]) -> None:
        # Not Resource.create: that takes in whatever the environment says.
        resource = Resource({"service.name": SERVICE})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, span_limits=SpanLimits(max_span_attributes=8)
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._parents = TraceContextTextMapPropagator()
        self._clock = clock

    def watch(self, seen: Seen) -> None:
        """Make the span of one request, which is over."""
        ended = self._clock()
        carrier = {"traceparent": seen.traceparent} if seen.traceparent else {}
        attributes: dict[str, AttributeValue] = {
            "http.request.method": seen.method,
            "http.route": seen.route,
            "http.response.status_code": seen.status,
            "passport.app": seen.app,
            "passport.request": seen.request,
        }
        if seen.code:
            attributes["error.type"] = seen.code
        span = self._tracer.start_span(
            f"{seen.method} {seen.route}",
            context=self._parents.extract(carrier, context=Context()),
            kind=SpanKind.SERVER,
            attributes=attributes,
            start_time=ended - int(seen.seconds * _NANO),
        )
        if seen.status >= _SERVER_FAULT:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def close(self) -> None:
        """Send what waits, and end."""
        self._provider.shutdown()


def to_collector(url: str, *, clock: Callable[[], int]) -> Traces:
    """Traces to the collector at ``url`` (OTLP over http, its whole address)."""
    return Traces(OTLPSpanExporter(endpoint=url, timeout=TIMEOUT), clock=clock)
