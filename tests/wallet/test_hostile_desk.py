"""Desks over real TLS that are slow, huge, broken or lead elsewhere: the wallet stays as it was."""

from __future__ import annotations

import time

import pytest
from simulated_web import page, serve, write_tls
from wallet_state import but_history, contents

from healthpassport.fetch import HttpsFetcher
from wallet.consent import Refusal


def hang(connection, _request):
    connection.settimeout(40)
    connection.recv(1)  # until the wallet goes away


def drip(connection, _request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        time.sleep(0.4)
        connection.sendall(b".")


AWAY = page(b"", status="302 Found", headers="Location: https://a.example\r\n")
DESKS = [
    ("hangs", hang, {"net.timeout"}, "network"),
    ("drips", drip, {"net.timeout", "limit.fetch"}, None),
    ("huge", page(b"x" * 2_000_000), {"limit.fetch"}, "theirs"),
    ("elsewhere", AWAY, {"net.redirect"}, "theirs"),
    ("broken", lambda c, _r: c.sendall(b"HTTP/1.1 2"), {"net.response"}, "theirs"),
    ("fails", page(b"", status="500 No"), {"wallet.verifier_failed"}, "theirs"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "codes", "side"), [row[1:] for row in DESKS], ids=[row[0] for row in DESKS]
)
def test_a_desk_that_misbehaves_is_told_within_bounds(world, tmp_path, behaviour, codes, side):
    pem = write_tls(tmp_path)
    with serve(pem, behaviour) as server:
        fetcher = HttpsFetcher(timeout=2, ca_file=pem, allowed_private_hosts=server.allowed)
        wallet = world.wallet(tmp_path / "w")
        wallet._around = world.surroundings(tmp_path / "w", fetcher=fetcher)
        wallet._sharing = None
        client_id = world.world.desk.identity.client_id
        before = contents(wallet)
        began = time.monotonic()
        found = wallet.consider(
            f"openid4vp://?client_id={client_id}&request_uri={server.url}/oid4vp/requests/1"
        )
        assert time.monotonic() - began < 30
        assert isinstance(found, Refusal)
        assert found.code in codes
        assert side is None or found.side == side
        assert contents(wallet) == before
        wallet.close()


@pytest.mark.parametrize(
    "uri",
    [
        "http://desk.example/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "https://[::1]/x",
        "file:///etc/passwd",
        "gopher://desk.example/x",
        "https://localhost/x",
    ],
)
def test_vpq_014_a_request_is_never_fetched_from_inside(world, filled_wallet, tmp_path, uri):
    wallet = world.wallet(tmp_path / "w")
    wallet._around = world.surroundings(tmp_path / "w", fetcher=HttpsFetcher())
    before = contents(wallet)
    client_id = world.world.desk.identity.client_id
    found = wallet.consider(f"openid4vp://?client_id={client_id}&request_uri={uri}")
    assert (found.kind, found.code) == ("unsafe", "ssrf.blocked")
    assert but_history(contents(wallet)) == but_history(before)
    wallet.close()
