from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_web import answer, page, serve, write_tls

from healthpassport.errors import FetchError
from healthpassport.fetch import HttpRequest, HttpsFetcher, is_acceptable


@pytest.fixture(scope="module")
def pem(tmp_path_factory) -> Path:
    return write_tls(tmp_path_factory.mktemp("tls"))


def fetcher(server, pem, **changes) -> HttpsFetcher:
    known = {"ca_file": pem, "allowed_private_hosts": server.allowed, "timeout": 60}
    return HttpsFetcher(**known | changes)


def get(url: str, **changes) -> HttpRequest:
    return HttpRequest("GET", url, **changes)


def refusal(found: HttpsFetcher, request: HttpRequest) -> str:
    with pytest.raises(FetchError) as caught:
        found.fetch(request)
    return caught.value.code


def test_a_page_is_fetched_with_its_headers_and_status(pem):
    with serve(pem, page(b"hello", headers="ETag: x\r\nX-Two: 2\r\n")) as server:
        response = fetcher(server, pem).fetch(get(server.url + "/a?b=c", headers={"Accept": "x"}))
    assert (response.status, response.body) == (200, b"hello")
    assert response.headers["etag"] == "x"
    head = server.requests[0].decode()
    assert head.startswith("GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: localhost:{server.port}\r\n" in head
    assert "Accept: x\r\n" in head


def test_a_body_is_posted(pem):
    with serve(pem, page(b"done", status="201 Created")) as server:
        body = b"x" * 200_000
        response = fetcher(server, pem).fetch(HttpRequest("POST", server.url, body=body))
    assert response.status == 201
    assert server.requests[0].endswith(b"\r\n\r\n" + body)


def test_an_error_status_is_an_answer(pem):
    with serve(pem, page(b"{}", status="400 Bad Request")) as server:
        assert fetcher(server, pem).fetch(get(server.url)).status == 400


def test_a_chunked_body_is_joined(pem):
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    with serve(pem, answer(chunked)) as server:
        assert fetcher(server, pem).fetch(get(server.url)).body == b"abcde"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "file:///etc/hostname",
        "gopher://example.org/",
        "ftp://example.org/",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https:///path",
        "https://",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "https://example.org\\@internal/",
        "https://exämple.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://%31%32%37.0.0.1/",
        "",
        "https://" + "a" * 3000,
    ],
)
def test_sta_016_an_address_that_is_no_plain_https_url_is_not_fetched(url):
    def never(_host, _port):
        raise AssertionError("it must not be looked up")

    assert refusal(HttpsFetcher(resolver=never), get(url)) == "ssrf.blocked"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[fec0::1]",
        "192.88.99.1",
        "localhost",
    ],
)
def test_sta_016_a_private_address_is_not_fetched(host):
    assert refusal(HttpsFetcher(), get(f"https://{host}/")) == "ssrf.blocked"


def test_sta_016_a_name_with_one_private_address_is_not_fetched():
    found = HttpsFetcher(resolver=lambda _host, _port: ("93.184.216.34", "10.0.0.1"))
    assert refusal(found, get("https://rebind.example/")) == "ssrf.blocked"


def test_sta_016_a_name_is_looked_up_once_and_the_connection_pinned_to_that(pem):
    """DNS rebinding: a second look-up would lead inside; there is none."""
    asked = []

    def rebinding(host, _port):
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("169.254.169.254",)

    with serve(pem, page(b"x")) as server:
        found = fetcher(server, pem, resolver=rebinding)
        assert found.fetch(get(server.url)).body == b"x"
    assert asked == ["localhost"]


def test_sta_016_link_local_stays_blocked_even_where_private_hosts_are_allowed():
    found = HttpsFetcher(allowed_private_hosts=frozenset({"169.254.169.254:443"}))
    assert refusal(found, get("https://169.254.169.254/")) == "ssrf.blocked"


def test_an_allowed_host_is_allowed_on_its_port_alone(pem):
    with serve(pem, page(b"x")) as server:
        found = fetcher(server, pem, allowed_private_hosts=frozenset({"localhost:1"}))
        assert refusal(found, get(server.url)) == "ssrf.blocked"
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(pem, status):
    with serve(pem, page(b"", status=f"{status} X", headers="Location: /other\r\n")) as server:
        assert refusal(fetcher(server, pem), get(server.url)) == "net.redirect"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location", ["https://169.254.169.254/latest", "http://localhost/", "file:///etc/hostname"]
)
def test_a_redirect_that_leads_inside_is_named_so(pem, location):
    headers = f"Location: {location}\r\n"
    with serve(pem, page(b"", status="302 X", headers=headers)) as server:
        assert refusal(fetcher(server, pem), get(server.url)) == "ssrf.blocked"


def test_a_redirect_without_a_location_is_refused(pem):
    with serve(pem, page(b"", status="302 X")) as server:
        assert refusal(fetcher(server, pem), get(server.url)) == "net.redirect"


def test_a_certificate_of_an_unknown_authority_is_refused(pem):
    with serve(pem, page(b"x")) as server:
        assert refusal(fetcher(server, pem, ca_file=None), get(server.url)) == "net.tls"


def test_a_certificate_for_another_host_is_refused(tmp_path):
    other = write_tls(tmp_path, host="other.example")
    with serve(other, page(b"x")) as server:
        assert refusal(fetcher(server, other), get(server.url)) == "net.tls"


def test_an_expired_certificate_is_refused(tmp_path):
    expired = write_tls(tmp_path, days=-1)
    with serve(expired, page(b"x")) as server:
        assert refusal(fetcher(server, expired), get(server.url)) == "net.tls"


def test_a_server_without_tls_is_refused(pem):
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        found = HttpsFetcher(
            ca_file=pem, allowed_private_hosts=frozenset({f"localhost:{port}"}), timeout=0.3
        )
        assert refusal(found, get(f"https://localhost:{port}")) == "net.timeout"


def test_a_closed_port_is_unreachable(pem):
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
    found = HttpsFetcher(ca_file=pem, allowed_private_hosts=frozenset({f"localhost:{port}"}))
    assert refusal(found, get(f"https://localhost:{port}")) == "net.unreachable"


def test_a_name_that_nobody_knows_is_unreachable():
    def unknown(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert refusal(HttpsFetcher(resolver=unknown), get("https://x.example")) == "net.unreachable"
    nothing = HttpsFetcher(resolver=lambda _host, _port: ())
    assert refusal(nothing, get("https://x.example")) == "net.unreachable"


def test_a_name_that_no_name_can_be_is_unreachable_at_once():
    assert refusal(HttpsFetcher(), get(f"https://{'a' * 64}.example")) == "net.unreachable"


def test_a_slow_name_look_up_ends_at_the_deadline():
    asked = threading.Event()
    found = HttpsFetcher(resolver=lambda _host, _port: asked.wait(60), timeout=0.1)
    begin = time.monotonic()
    assert refusal(found, get("https://x.example")) == "net.timeout"
    assert time.monotonic() - begin < 30
    asked.set()


def test_a_server_that_says_nothing_ends_at_the_deadline(pem):
    with serve(pem, lambda connection, _request: connection.recv(1)) as server:
        begin = time.monotonic()
        assert refusal(fetcher(server, pem, timeout=0.3), get(server.url)) == "net.timeout"
        assert time.monotonic() - begin < 20


def drip(head: bytes):
    def behave(connection, _request):
        connection.sendall(head)
        for _ in range(600):
            connection.sendall(b"x")
            time.sleep(0.05)

    return behave


def test_tru_011_a_body_that_drips_ends_at_the_deadline(pem):
    with serve(pem, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")) as server:
        begin = time.monotonic()
        assert refusal(fetcher(server, pem, timeout=2), get(server.url)) == "limit.fetch"
        assert time.monotonic() - begin < 20


def test_a_header_that_drips_ends_at_the_deadline(pem):
    with serve(pem, drip(b"HTTP/1.1 200 OK\r\nX: ")) as server:
        assert refusal(fetcher(server, pem, timeout=2), get(server.url)) == "net.timeout"


@pytest.mark.parametrize(
    "head", [b"Content-Length: 2000000\r\n", b"", b"Transfer-Encoding: chunked\r\n"]
)
def test_tru_011_an_endless_body_is_refused(pem, head):
    def behave(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        piece = b"x" * 65_536
        for _ in range(64):
            connection.sendall(b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece)

    with serve(pem, behave) as server:
        assert refusal(fetcher(server, pem), get(server.url)) == "limit.fetch"


def test_tiny_chunks_cannot_hide_endless_framing(pem):
    def behave(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(400):
            connection.sendall(b"1;" + b"y" * 1000 + b"\r\nx\r\n")

    with serve(pem, behave) as server:
        found = fetcher(server, pem, max_bytes=4096)
        assert refusal(found, get(server.url)) == "limit.fetch"


def test_a_request_may_raise_the_limit_for_itself(pem):
    with serve(pem, page(b"x" * 5000)) as server:
        small = fetcher(server, pem, max_bytes=1000)
        assert refusal(small, get(server.url)) == "limit.fetch"
        assert len(small.fetch(get(server.url, max_bytes=6000)).body) == 5000


@pytest.mark.parametrize("line", [b"X: " + b"a" * 40_000 + b"\r\n", b"X: y\r\n" * 5_000])
def test_endless_headers_are_refused(pem, line):
    with serve(pem, answer(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n")) as server:
        assert refusal(fetcher(server, pem), get(server.url)) in {"limit.fetch", "net.response"}


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\nabc",
        b"SMTP hello\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_broken_off_or_no_http_is_refused(pem, data):
    with serve(pem, answer(data)) as server:
        code = refusal(fetcher(server, pem), get(server.url))
    assert code in {"net.response", "net.unreachable"}


def test_other_methods_are_not_sent(pem):
    with serve(pem, page(b"x")) as server:
        request = HttpRequest("DELETE", server.url)
        assert refusal(fetcher(server, pem), request) == "net.response"
    assert server.requests in ([], [b""])


def test_a_header_cannot_be_smuggled(pem):
    with serve(pem, page(b"x")) as server:
        request = get(server.url, headers={"X": "a\r\nY: b"})
        assert refusal(fetcher(server, pem), request) == "net.response"


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_only_global_addresses_are_acceptable(address):
    if is_acceptable(address):
        assert address.is_global
        assert not address.is_multicast
    if is_acceptable(address, private=True):
        assert not address.is_link_local


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_counts_as_itself(address):
    wrapped = ip_address(f"::ffff:{address}")
    assert is_acceptable(wrapped) == is_acceptable(address)
    sixtofour = ip_address((0x2002 << 112) | (int(address) << 80))
    assert is_acceptable(sixtofour) == is_acceptable(address)
