"""Spans of requests: what they hold, and whose word they take."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from simulated_issuer import Site

from healthpassport.watching import Seen
from issuer.api.tracing import Traces
from issuer.cli.watched import Watching

NOW = 1_790_000_000_000_000_000
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    traces = Traces(exporter, clock=lambda: NOW)

    def told(**changes):
        seen = {"app": "wallets", "request": "0123456789abcdef", "method": "POST"}
        seen |= {"route": "/offers/{address}", "status": 404, "seconds": 0.5, "code": "not_found"}
        traces.watch(Seen(**(seen | changes)))
        traces._provider.force_flush()
        return exporter.get_finished_spans()[-1]

    yield told
    traces.close()


def test_a_span_holds_what_the_log_holds_of_a_request(spans):
    span = spans()
    assert span.name == "POST /offers/{address}"
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "http.route": "/offers/{address}",
        "http.response.status_code": 404,
        "passport.app": "wallets",
        "passport.request": "0123456789abcdef",
        "error.type": "not_found",
    }
    assert (span.end_time, span.end_time - span.start_time) == (NOW, 500_000_000)
    assert dict(span.resource.attributes) == {"service.name": "passport-issuer"}
    assert not span.events
    assert span.parent is None
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_callers_trace_is_joined_and_decides_nothing(spans, flags):
    span = spans(traceparent=f"00-{TRACE}-{PARENT}-{flags}")
    assert format(span.context.trace_id, "032x") == TRACE
    assert format(span.parent.span_id, "016x") == PARENT


def test_a_fault_of_ours_is_an_error(spans):
    assert spans(status=500, code="internal").status.status_code is StatusCode.ERROR


def test_prv_006_nothing_of_an_address_comes_into_a_span(tmp_path, spans):
    site = Site(tmp_path)
    seen = []
    watching = Watching(site.issuer)
    watching.watchers.append(seen.append)
    site.app = watching.around(site.app, "wallets")
    site.call("GET", "/offers/9990000018?name=Zephyrine", headers={"traceparent": "9990000018"})
    [one] = seen
    span = spans(**{name: getattr(one, name) for name in Seen.__slots__})
    assert "9990000018" not in span.to_json()
    assert "Zephyrine" not in span.to_json()


def test_without_a_collector_there_are_none(tmp_path):
    assert Watching(Site(tmp_path).issuer).traces is None
