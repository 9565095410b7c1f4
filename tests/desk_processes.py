"""A desk of several real processes over one PostgreSQL, wallets, and a client for both sides.

``passport-verifier serve`` runs as at a hospital, with https. Each patient has a name of their own,
so that a result at the wrong place is seen.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from desk_world import World, desk_settings, handle_of, make_desk, wallet_with
from record_examples import SUBJECT, allergies, identity, medicines
from simulated_issuer import certificates

from healthpassport.requests import verify_request

PATIENCE = 180.0  # seconds that a process may take to start on a busy machine
KEY = "ward-key"
WARD = {"authorization": f"Bearer {KEY}"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Serving:
    """One process: where it listens, and how to end it."""

    values: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {**self.values, "api_port": str(self.port)}
        environment = {f"PASSPORT_VERIFIER_{name.upper()}": value for name, value in own.items()}
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("passport-verifier"), "serve", "--no-web"],
            env={"PATH": "/usr/bin:/bin", **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
            except OSError:
                assert self.process.poll() is None, self.process.stderr.read().decode()
                assert time.monotonic() < until
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


@dataclass
class Site:
    """The processes, and what clients need."""

    world: World
    serving: list[Serving]
    context: ssl.SSLContext
    client_id: str
    trust: Any

    @property
    def ports(self) -> list[int]:
        return [one.port for one in self.serving]

    async def call(
        self,
        port: int,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        async with self._sent(port, method, path, headers or {}, body) as reader:
            status, _ = await _head(reader)
            return status, await reader.read()

    async def ask(self, port: int, template: str = "emergency_admission") -> dict[str, Any]:
        body = json.dumps({"template": template}).encode()
        headers = {**WARD, "content-type": "application/json"}
        status, text = await self.call(port, "POST", "/requests", headers=headers, body=body)
        assert status == 201, text
        return json.loads(text)

    async def look(self, port: int, request_id: str) -> dict[str, Any]:
        status, text = await self.call(port, "GET", f"/requests/{request_id}", headers=WARD)
        assert status == 200, text
        return json.loads(text)

    async def answer_for(self, port: int, link: str, name: str) -> tuple[str, bytes]:
        """Where the patient called ``name`` posts to, and what."""
        handle = handle_of(link)
        status, text = await self.call(port, "GET", f"/oid4vp/requests/{handle}")
        assert status == 200, text
        request = verify_request(
            request_object=text.decode(),
            client_id=self.client_id,
            trust=self.trust,
            now=datetime.now(UTC),
        )
        return f"/oid4vp/responses/{handle}", patient(self.world, name).answer(request)

    async def post(self, port: int, path: str, body: bytes) -> tuple[int, bytes]:
        return await self.call(port, "POST", path, headers=FORM, body=body)

    async def events(self, port: int, request_id: str) -> AsyncIterator[str]:
        """The states that the screen is told of."""
        path = f"/requests/{request_id}/events"
        async with self._sent(port, "GET", path, WARD, b"") as reader:
            status, _ = await _head(reader)
            assert status == 200
            while line := await reader.readline():
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])["state"]

    @asynccontextmanager
    async def _sent(
        self, port: int, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=self.context, server_hostname="localhost"
        )
        try:
            sent = {"host": "localhost", "connection": "close", "content-length": str(len(body))}
            lines = [f"{name}: {value}" for name, value in {**sent, **headers}.items()]
            head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
            writer.write(head.encode() + body)
            yield reader
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _head(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    text = await reader.readuntil(b"\r\n\r\n")
    return int(text.split(b" ", 2)[1]), text


def patient(world: World, name: str) -> Any:
    """A wallet with three records of a person of that family name."""
    subject = SUBJECT | {"familyName": name}
    who = identity(subject=subject | {"gender": "female", "ageOver16": True})
    drugs = replace(medicines("current"), subject=subject)
    return wallet_with(world, who, allergies(subject=subject), drugs)


def names_in(result: dict[str, Any]) -> set[str]:
    """Every family name that a result shows."""
    found = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "familyName" in value:
                found.add(value["familyName"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(result)
    return found


@contextmanager
def several(world: World, folder: Path, url: str, *, processes: int = 2) -> Iterator[Site]:
    """The desk of ``world`` served by several processes over the database ``url``."""
    home, tls = folder / "desk", folder / "tls"
    tls.mkdir(parents=True)
    _, _, root = certificates(tls, "localhost", datetime.now(UTC))
    settings = desk_settings(world, home, database_url=url)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": digest}))
    first = make_desk(world, home, database_url=url)  # fetches the lists, once
    trust, client_id = first.lists.views(datetime.now(UTC)).trust, first.identity.client_id
    first.shut()
    values = {
        "home": str(home),
        "public_url": settings.public_url,
        "database_url": url,
        "tls_cert": str(tls / "x5c.pem"),
        "tls_key": str(tls / "issuer.pem"),
    }
    context = ssl.create_default_context(cadata=root.public_bytes(Encoding.PEM).decode())
    serving = [Serving(values) for _ in range(processes)]
    try:
        for one in serving:
            one.start()
        for one in serving:
            one.ready()
        yield Site(world, serving, context, client_id, trust)
    finally:
        for one in serving:
            if one.process is not None and one.process.poll() is None:
                one.kill()


@asynccontextmanager
async def one_address(ports: list[int]) -> AsyncIterator[int]:
    """A port behind which connections go to ``ports`` in turn; one that refuses is passed over."""
    turn, carrying = iter(range(1 << 30)), set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying.add(asyncio.current_task())
        try:
            await choose(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def choose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = next(turn)
        for place in range(len(ports)):
            port = ports[(start + place) % len(ports)]
            try:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
            with suppress(OSError):
                await far_writer.wait_closed()
            return

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*carrying, return_exceptions=True)
