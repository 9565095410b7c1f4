"""A server that is told to stop finishes what is under way, and says that all is well (rel-010).

The commands themselves run here, as a system would start and stop them.
"""

from __future__ import annotations

import http.client
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from desk_world import desk_settings, make_world
from simulated_issuer import certificates, made_settings

PATIENCE = 90.0  # seconds
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(app: str, values: dict[str, object], port: int) -> subprocess.Popen[bytes]:
    """``passport-APP serve`` as a process of its own; returns once it listens."""
    environment = {f"PASSPORT_{app.upper()}_{k.upper()}": str(v) for k, v in values.items()}
    process = subprocess.Popen(
        [Path(sys.executable).with_name(f"passport-{app}"), "serve"],
        env={"PATH": "/usr/bin:/bin", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except OSError:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return process


def desk(folder: Path) -> tuple[dict[str, object], int, str]:
    world, port = make_world(folder), free_port()
    settings = desk_settings(world, folder / "desk")
    values = {
        "home": settings.home,
        "public_url": settings.public_url,
        "api_port": port,
        "web_port": free_port(),
        "tls_cert": folder / "tls" / "x5c.pem",
        "tls_key": folder / "tls" / "issuer.pem",
    }
    return values, port, "/oid4vp/responses/unknown"


def issuer(folder: Path) -> tuple[dict[str, object], int, str]:
    port = free_port()
    settings, _ = made_settings(
        folder, iss=f"https://localhost:{port}", certified_at=datetime.now(UTC)
    )
    names = ("iss", "ods", "name", "key", "x5c", "database", "api_keys")
    values = {name: getattr(settings, name) for name in names}
    tls = {"tls_cert": folder / "tls" / "x5c.pem", "tls_key": folder / "tls" / "issuer.pem"}
    return {**values, **tls, "port": port}, port, "/token"


@pytest.mark.parametrize(("app", "made"), [("verifier", desk), ("issuer", issuer)])
def test_rel_010_a_request_under_way_is_answered_before_the_server_ends_well(app, made, tmp_path):
    (tmp_path / "tls").mkdir()
    _, _, root = certificates(tmp_path / "tls", "localhost", datetime.now(UTC))
    known = root.public_bytes(Encoding.PEM).decode()
    values, port, path = made(tmp_path)
    process = start(app, values, port)
    try:
        context = ssl.create_default_context(cadata=known)
        client = http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE)
        client.putrequest("POST", path)
        for name, value in (FORM | {"Content-Length": "7"}).items():
            client.putheader(name, value)
        client.putheader("Expect", "100-continue")
        client.endheaders(b"err")
        # RFC 9110 section 10.1.1: said once the server has begun with the request.
        assert client.sock.recv(1024).startswith(b"HTTP/1.1 100")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        client.send(b"or=x")
        assert client.getresponse().status == 400
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
