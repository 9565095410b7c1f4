"""``/metrics`` for Prometheus, on a port of its own: requests, what happened, how it stands.

Rules: labels are route templates, methods, statuses, error codes, event names and record types, all
of closed lists. What is *not* here: any rule, and counting over several processes, which Prometheus
does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from healthpassport.asgi import SAFE_METHODS, Receive, Scope, Send
from healthpassport.errors import ServiceError
from healthpassport.watching import Seen
from issuer.service import IssuerContext
from issuer.service.figures import figures
from issuer.service.loops import LOOPS

PREFIX: Final = "passport_issuer"
PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
ISSUED: Final = "record.issued"
DEFAULT_FORMAT: Final = "dc+sd-jwt"


class Metrics:
    """What one process tells; ``watch`` it from around each application, serve it by itself.

    Args:
        issuer: whose figures.
    """

    def __init__(self, issuer: IssuerContext) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "Time to answer, by route.",
            ["app", "method", "route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._answers = Counter(
            f"{PREFIX}_answers",
            "Answers, by route and status.",
            ["app", "method", "route", "status"],
            registry=self._registry,
        )
        self._refusals = Counter(
            f"{PREFIX}_refusals",
            "Refusals, by error code.",
            ["app", "code"],
            registry=self._registry,
        )
        self._registry.register(_Standing(issuer))

    def watch(self, seen: Seen) -> None:
        """Count one request."""
        where = (seen.app, seen.method, seen.route)
        self._seconds.labels(*where).observe(seen.seconds)
        self._answers.labels(*where, str(seen.status)).inc()
        if seen.code:
            self._refusals.labels(seen.app, seen.code).inc()

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self._registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            return
        response: Response = PlainTextResponse("Look at /metrics.\n", status_code=404)
        if scope["path"] == PATH and scope["method"] in SAFE_METHODS:
            body = await run_in_threadpool(self.text)
            response = Response(body, headers={"content-type": MEDIA_TYPE})
        await response(scope, receive, send)


class _Standing(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer

    def collect(self) -> Iterator[Metric]:
        """Events and issuances of this process, and the issuer's figures."""
        yield from self._counted()
        broke = GaugeMetricFamily(
            f"{PREFIX}_loop_failures", "How often in a row a loop broke off.", labels=["loop"]
        )
        for name in LOOPS:
            broke.add_metric([name], self._issuer.loops.times(name))
        yield broke
        up = GaugeMetricFamily(f"{PREFIX}_database_up", "Whether the database answers.")
        try:
            found = figures(self._issuer)
        except ServiceError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for figure in found:
            labels = [figure.label] if figure.label else []
            family = GaugeMetricFamily(f"{PREFIX}_{figure.name}", figure.help, labels=labels)
            for value, number in figure.values.items():
                family.add_metric([value] if labels else [], number)
            yield family

    def _counted(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            f"{PREFIX}_events", "What the audit trail was told.", labels=["event"]
        )
        issued = CounterMetricFamily(
            f"{PREFIX}_issued", "Records issued.", labels=["type", "format"]
        )
        totals: dict[str, int] = {}
        for (event, name), number in sorted(self._issuer.audit.counts.all().items()):
            totals[event] = totals.get(event, 0) + number
            if event == ISSUED:
                record_type, _, format_ = name.partition(".")
                issued.add_metric([record_type, format_ or DEFAULT_FORMAT], number)
        for event, number in totals.items():
            events.add_metric([event], number)
        yield events
        yield issued
