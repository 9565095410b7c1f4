"""An issuer of several real processes over one PostgreSQL, and wallets that collect from them.

``passport-issuer serve`` runs as at a practice, with https. A wallet that gets no answer asks again
with the same proofs, as wallets do.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

from desk_processes import free_port
from fhir_examples import allergy, record_of
from simulated_issuer import Wallet, certificates, made_settings

from healthpassport.keys import generate_signer

PATIENCE = 180.0  # seconds that a process may take to start on a busy machine
FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")
BUNDLE = json.dumps({"bundle": json.loads(record_of(allergy())), "recordTypes": ["AllergySummary"]})


@dataclass
class Serving:
    """One process: where it listens, and how to end it."""

    values: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {**self.values, "port": str(self.port)}
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("passport-issuer"), "serve"],
            env={
                "PATH": "/usr/bin:/bin",
                **{f"PASSPORT_ISSUER_{name.upper()}": value for name, value in own.items()},
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an operator does; what is under way is ended first."""
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0


@dataclass
class Site:
    """The processes, and what clients need."""

    serving: list[Serving]
    context: ssl.SSLContext
    iss: str
    api_key: str
    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ports(self) -> list[int]:
        return [one.port for one in self.serving]

    def more(self) -> Serving:
        """One more process, of the same settings."""
        self.serving.append(Serving(self.serving[0].values))
        return self.serving[-1]

    async def call(self, port, method, path, *, headers=(), body=b"") -> tuple[int, bytes]:
        """One request on a connection of its own.

        Raises:
            OSError: without an answer.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=self.context)
        try:
            sent = [("host", "localhost"), ("connection", "close"), *headers]
            sent.append(("content-length", str(len(body))))
            lines = [f"{name}: {value}" for name, value in sent]
            head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
            writer.write(head.encode() + body)
            answer = await reader.read()
        except asyncio.IncompleteReadError as error:
            raise ConnectionError from error
        finally:
            writer.close()
        top, _, rest = answer.partition(b"\r\n\r\n")
        if not top:
            raise ConnectionError
        return int(top.split(b" ", 2)[1]), rest

    async def ready(self, port) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if (await self.call(port, "GET", "/readyz"))[0] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < until
            await asyncio.sleep(0.05)

    async def insist(self, port, method, path, *, headers, body=b"") -> tuple[int, bytes]:
        """Ask until somebody answers who could; ``headers`` are made anew each time."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                status, text = await self.call(port, method, path, headers=headers(), body=body)
            except OSError:
                status, text = 0, b""
            if status not in {0, 503}:
                return status, text
            assert time.monotonic() < until
            await asyncio.sleep(0.02)

    async def collect(self, port) -> bool:
        """Offer and collect one record; False where its token was lost on the way."""
        bearer = ("authorization", f"Bearer {self.api_key}")
        status, text = await self.insist(
            port, "POST", "/offers", headers=lambda: (bearer, JSON), body=BUNDLE.encode()
        )
        assert status == 201, text
        made = json.loads(text)
        address = parse_qs(urlsplit(made["link"]).query)["credential_offer_uri"][0]
        status, text = await self.insist(port, "GET", urlsplit(address).path, headers=tuple)
        assert status == 200, text
        (grant,) = json.loads(text)["grants"].values()
        wallet = _wallet(self.iss)
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
            "pre-authorized_code": grant["pre-authorized_code"],
            "tx_code": made["pin"],
        }
        status, text = await self.insist(
            port,
            "POST",
            "/token",
            headers=lambda: (("dpop", wallet.dpop("/token", access_token=None)), FORM),
            body=urlencode(form).encode(),
        )
        if status != 200:
            return False
        wallet.token = json.loads(text)["access_token"]
        status, text = await self.insist(port, "POST", "/nonce", headers=tuple)
        nonce = json.loads(text)["c_nonce"]
        proofs = [wallet.proof(nonce) for _ in range(2)]
        body = {"credential_configuration_id": "AllergySummary", "proofs": {"jwt": proofs}}

        def fresh():
            authorization = ("authorization", f"DPoP {wallet.token}")
            return (authorization, ("dpop", wallet.dpop("/credential")), JSON)

        status, text = await self.insist(
            port, "POST", "/credential", headers=fresh, body=json.dumps(body).encode()
        )
        assert status == 200, text
        self._note(made["offerId"], json.loads(text)["credentials"])
        return True

    def _note(self, offer: str, credentials) -> None:
        from healthpassport.formats import sd_jwt_vc  # noqa: PLC0415
        from healthpassport.status import token_status_list as tsl  # noqa: PLC0415

        places = []
        for one in credentials:
            place = tsl.reference(sd_jwt_vc.open_held(one["credential"]).payload)
            places.append(f"{place.uri.rpartition('/')[2]}:{place.index}")
        self.acknowledged[offer] = tuple(sorted(places))


def _wallet(iss: str) -> Wallet:
    made = Wallet.__new__(Wallet)
    made.site = SimpleNamespace(now=datetime.now(UTC))
    made.iss, made.key, made.token = iss, generate_signer(), None
    return made


@contextmanager
def several(folder: Path, url: str, *, processes: int = 2) -> Iterator[Site]:
    """An issuer served by several processes over the database ``url``."""
    tls = folder / "tls"
    tls.mkdir()
    now = datetime.now(UTC)
    _, _, root = certificates(tls, "localhost", now)
    settings, api_key = made_settings(folder, certified_at=now, database_url=url)
    values = {
        "iss": settings.iss,
        "ods": settings.ods,
        "name": settings.name,
        "key": settings.key,
        "x5c": str(settings.x5c),
        "api_keys": str(settings.api_keys),
        "database_url": url,
        "tls_cert": str(tls / "x5c.pem"),
        "tls_key": str(tls / "issuer.pem"),
        "requests_per_second": "100000",
        "request_burst": "100000",
    }
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    context = ssl.create_default_context(cadata=root.public_bytes(Encoding.PEM).decode())
    context.check_hostname = False
    site = Site([Serving(values) for _ in range(processes)], context, settings.iss, api_key)
    try:
        for one in site.serving:
            one.start()
        yield site
    finally:
        for one in site.serving:
            if one.process is not None and one.process.poll() is None:
                one.kill()
