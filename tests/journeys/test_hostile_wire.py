"""Attacks on the wire (attacks.json, category http), against the real servers of desk and issuer.

Four applications under the server and the deadlines that they are shipped with: the desk's
endpoints for wallets and hospital systems, the desk's pages for staff, the issuer, and the pages of
a wallet.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
import subprocess
import sys
import time

import pytest
from desk_world import make_desk, make_world
from simulated_issuer import Site
from uvicorn.protocols.http.h11_impl import H11Protocol
from wallet_world import WalletWorld
from wire import connect, get, said, served, status

from verifier import api, web
from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.web.app import create_app
from wallet.web.visit import Visit

FORM = "application/x-www-form-urlencoded"
STALLED = 500
# Where a body may be posted, by application.
POSTS = {
    "wallets": "/oid4vp/responses/abc",
    "staff": "/requests",
    "issuer": "/token",
    "wallet": "/share",
}
# A page or answer that anybody may have.
OPEN = {"wallets": "/healthz", "staff": "/", "issuer": "/healthz", "wallet": "/static/plain.css"}
PAGES = {"staff", "wallet"}


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The port of each application."""
    folder = tmp_path_factory.mktemp("wire")
    world = make_world(folder)
    home = folder / "desk"
    home.mkdir()
    digest = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": digest}))
    desk = make_desk(world, home)
    (folder / "issuer").mkdir()
    apps = {
        "wallets": api.create_app(desk.settings, desk=desk),
        "staff": web.create_app(desk.settings, desk),
        "issuer": Site(folder / "issuer").app,
    }
    with contextlib.ExitStack() as running:
        ports = {name: running.enter_context(served(app)) for name, app in apps.items()}
        wallet = Wallet(WalletWorld(folder / "wallet").surroundings(folder / "held"))
        visit = Visit(wallet, random=secrets.token_bytes)
        pages = create_app(WalletSettings(), visit)
        ports["wallet"] = running.enter_context(served(pages, protocol=H11Protocol))
        yield ports
        wallet.close()
    desk.shut()


@pytest.fixture(params=["wallets", "staff", "issuer", "wallet"])
def name(request):
    return request.param


@pytest.fixture
def port(ports, name):
    return ports[name]


def answers(port, name):
    return status(get(port, OPEN[name])) == 200


def seconds(port, name):
    """How long a good answer took; the best of three, since this machine has other work."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        assert answers(port, name)
        times.append(time.monotonic() - began)
    return min(times)


# -- slow clients ---------------------------------------------------------------------------


def test_htt_001_five_hundred_stalled_connections_do_not_slow_a_healthy_client(port, name):
    assert answers(port, name)
    with contextlib.ExitStack() as stack:
        for number in range(STALLED):
            client = stack.enter_context(connect(port))
            client.sendall(b"GET / HTTP/1.1\r\nX"[: 1 + number % 16])
        assert seconds(port, name) < 1


# -- bodies ---------------------------------------------------------------------------------


def posted(port, name, extra, body=b""):
    head = (
        f"POST {POSTS[name]} HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Origin: http://localhost:{port}\r\nContent-Type: {FORM}\r\n{extra}\r\n\r\n"
    )
    return said(port, head.encode() + body)


def test_htt_002_a_vast_body_is_refused_by_its_length_alone(port, name):
    answer = posted(port, name, "Content-Length: 104857600")
    assert status(answer) == 413
    assert b"limit.size" in answer


def test_htt_002_a_vast_body_in_chunks_is_refused_once_it_is_too_long(port, name):
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    answer = posted(port, name, "Transfer-Encoding: chunked", chunk * 20)
    assert status(answer) == 413


@pytest.mark.parametrize("length", ["-1", "-104857600", "+5", "0x10", "1e3", "9" * 40, ""])
def test_htt_002_a_length_that_is_none_is_refused(port, name, length):
    assert status(posted(port, name, f"Content-Length: {length}", b"hello")) in {400, 413}
    assert answers(port, name)


# -- framing --------------------------------------------------------------------------------

FRAMES = {
    "htt-016-te-and-cl": "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "htt-016-cl-and-te": "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "htt-016-two-lengths": "Content-Length: 4\r\nContent-Length: 40",
    "htt-016-two-equal-lengths": "Content-Length: 40\r\nContent-Length: 40",
    "htt-016-fold": "X-A: b\r\n Content-Length: 40\r\nContent-Length: 4",
    "htt-016-space-before-colon": "Content-Length : 40",
    "htt-016-chunked-twice": "Transfer-Encoding: chunked, chunked",
    "htt-016-chunked-not-last": "Transfer-Encoding: chunked, identity",
    "htt-016-unknown-coding": "Transfer-Encoding: xchunked",
    "htt-016-bare-lf": "X-A: b\nContent-Length: 40",
    "htt-016-bare-cr": "X-A: b\rContent-Length: 40",
}
SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


# Not the wallet: nobody stands between a browser and loopback who could read it otherwise.
@pytest.mark.parametrize("name", ["wallets", "staff", "issuer"])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_htt_016_a_message_with_two_readings_is_refused_and_nothing_follows_it(ports, name, frame):
    port = ports[name]
    answer = posted(port, name, frame, SMUGGLED)
    assert status(answer) in {400, 413}
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answers(port, name)


# -- hosts ----------------------------------------------------------------------------------

HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost@evil.example",
    "evil@localhost",
    "localhost/.evil.example",
    "localhost?evil.example",
    "localhost#evil",
    "localhost:evil",
]


@pytest.mark.parametrize("host", HOSTS)
def test_htt_007_no_answer_leads_to_the_host_that_a_header_names(port, name, host):
    for path in (
        "{0}",
        "{0}/",
        "/nothing",
        "/static",
        "/static/x",
        "/offers/x",
        "/oid4vp/codes/x/",
    ):
        answer = get(port, path.format(OPEN[name]).replace("//", "/"), host=host)
        assert b"evil" not in answer
        if name in PAGES:
            assert (status(answer), b"request.host" in answer) == (403, True)
        else:
            assert not 300 <= status(answer) < 400


@pytest.mark.parametrize("page", sorted(PAGES))
def test_htt_007_a_request_without_a_host_opens_no_page(ports, page):
    for line, *hosts in (
        ["GET / HTTP/1.1"],
        ["GET / HTTP/1.1", "Host:"],
        ["GET / HTTP/1.1", "Host: localhost", "Host: evil.example"],
        ["GET http://evil.example/ HTTP/1.1", "Host: evil.example"],
    ):
        raw = "\r\n".join([line, *hosts, "Connection: close", "", ""])
        assert status(said(ports[page], raw.encode())) in {400, 403}


# -- ranges and parts -----------------------------------------------------------------------


def test_htt_015_a_vast_range_costs_nothing(ports):
    many = "bytes=" + ",".join(f"{n}-" for n in range(5000))
    for path in ("/static/desk.css", "/"):
        began = time.monotonic()
        raw = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nRange: {many}\r\nConnection: close\r\n\r\n"
        )
        answer = said(ports["staff"], raw.encode())
        assert status(answer) in {200, 206, 400, 416, 431}
        assert len(answer) < 100_000
        assert time.monotonic() - began < 20


def test_htt_015_a_form_of_very_many_parts_is_refused(port, name):
    part = b'--b\r\nContent-Disposition: form-data; name="template"\r\n\r\nx\r\n'
    body = part * 10_000 + b"--b--\r\n"
    head = (
        f"POST {'/cards' if name == 'staff' else POSTS[name]} HTTP/1.1\r\n"
        f"Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    began = time.monotonic()
    assert 400 <= status(said(port, head.encode() + body)) < 500
    assert time.monotonic() - began < 20
    assert answers(port, name)


# -- descriptors and signals ----------------------------------------------------------------

SMALL = """
import asyncio, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from healthpassport.deadlines import with_deadline
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})
config = uvicorn.Config(app, port=0, fd=int(sys.argv[1]), lifespan="off", log_level="critical",
                        http=with_deadline(AutoHTTPProtocol, seconds=0.5))
uvicorn.Server(config).run()
"""


def test_htt_001_a_server_out_of_descriptors_serves_again_once_the_idle_are_let_go():
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        number = listener.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-c", SMALL, str(listener.fileno())], pass_fds=[listener.fileno()]
        )
        stack.callback(child.wait, 60)
        stack.callback(child.terminate)
        assert status(get(number, "/")) == 200
        for _ in range(100):
            stack.enter_context(connect(number))
        until = time.monotonic() + 60
        while status(get(number, "/")) != 200:
            assert time.monotonic() < until
            assert child.poll() is None
