"""Credentials through the credential endpoint, by the CPU second of the server.

``passport-issuer serve`` runs as a process of its own, with https, over SQLite and over PostgreSQL
whose commits reach the disk. Wallets are other processes, each with one connection; every request
has an access token bound to a key, its DPoP proof, and five key proofs. Only the server's CPU time
counts; that of PostgreSQL stands beside it. Offers, tokens and proofs are made before, and their
entries of the audit trail bound; those of the records are bound within 15 seconds, mostly later.

The peer in the run are the bare signatures that a request cannot do without: one for each copy, one
to check for each key proof, and the DPoP proof's. They are timed before and after, by themselves.

    python tests/bench/bench_issuing.py [--requests 200] [--wallets 3] [--folder DIR] [--profile F]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from bench_load import spent  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.hashes import SHA256  # noqa: E402
from desk_processes import free_port  # noqa: E402
from measuring import table, together  # noqa: E402
from postgresql_world import running  # noqa: E402
from simulated_issuer import certificates, made_settings, summary  # noqa: E402

from healthpassport.encoding import dump_json  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.protocols import oid4vci  # noqa: E402
from issuer import service  # noqa: E402
from issuer.service.nonces import new_nonce  # noqa: E402
from issuer.settings import Settings  # noqa: E402

COPIES: Final = 5
WARM: Final = 20  # requests before the count begins
PATIENCE: Final = 60.0
SPYING: Final = 4.0  # seconds until py-spy has begun
OK: Final = 200
RECORD: Final = "AllergySummary"
ASKED: Final = 400  # credentials a CPU-second, where ES256 takes what stands below
SIGN, CHECK = 0.021, 0.061  # milliseconds, on the machine for which the target was set


def settings_at(folder: Path, port: int, **changes: Any) -> tuple[Settings, Path]:
    """Settings of an issuer on loopback, and the file of the authority of its certificate."""
    made, _ = made_settings(folder, iss=f"https://localhost:{port}", certified_at=now(), **changes)
    tls = folder / "tls"
    tls.mkdir()
    _, _, root = certificates(tls, "localhost", now())
    (tls / "root.pem").write_bytes(root.public_bytes(_pem()))
    key = {"tls_cert": tls / "x5c.pem", "tls_key": tls / "issuer.pem"}
    return made.model_copy(update={"port": port, **key}), tls / "root.pem"


def _pem() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return Encoding.PEM


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def serving(settings: Settings, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server, until it answers and for the time of the block."""
    names = ("iss", "ods", "name", "key", "x5c", "api_keys", "tls_cert", "tls_key", "port")
    values = {name: str(getattr(settings, name)) for name in names}
    url = settings.database_url.get_secret_value()
    values |= {"database_url": url} if url else {"database": str(settings.database)}
    environment = {f"PASSPORT_ISSUER_{name.upper()}": value for name, value in values.items()}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("passport-issuer"), "serve"],
        env={"PATH": "/usr/bin:/bin", "PASSPORT_ISSUER_LOG_LEVEL": "warning", **environment},
    )
    until = time.monotonic() + PATIENCE
    try:
        while not _answers(settings.port, root):
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait()


def _answers(port: int, root: Path) -> bool:
    with suppress(OSError):
        connection = _connection(port, root)
        connection.request("GET", "/status/1")
        return connection.getresponse().status == OK
    return False


def _connection(port: int, root: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(root))
    return http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE)


def prepared(issuer: service.IssuerContext, count: int) -> list[dict[str, Any]]:
    """Requests with token and proofs: what a wallet has before it asks."""
    found = []
    for _ in range(count):
        wallet = generate_signer()
        offer = service.offer_summary(issuer, client="practice", summary=summary(), wanted=[RECORD])
        token = _token(issuer, offer, wallet)
        nonce = new_nonce(issuer)
        proofs = [
            oid4vci.make_key_proof(
                signer=generate_signer(), issuer=issuer.settings.iss, nonce=nonce, now=now()
            )
            for _ in range(COPIES)
        ]
        wanted = {"credential_configuration_id": RECORD, "proofs": {"jwt": proofs}}
        found.append({"token": token, "wallet": wallet, "body": dump_json(wanted).decode()})
    for one in found:  # last, since they are good for a short time
        one["dpop"] = _dpop(issuer, one.pop("wallet"), "/credential", one["token"])
    return found


def _token(issuer: service.IssuerContext, offer: service.NewOffer, wallet: Any) -> str:
    asked = {"pre-authorized_code": offer.offer.grants.pre_authorized.code, "tx_code": offer.pin}
    request = oid4vci.TokenRequest.model_validate(asked)
    proof = _dpop(issuer, wallet, "/token", None)
    return service.redeem(issuer, request, proof=proof).access_token


def _dpop(issuer: service.IssuerContext, wallet: Any, path: str, token: str | None) -> str:
    return oid4vci.make_dpop_proof(
        signer=wallet,
        method="POST",
        uri=issuer.settings.iss + path,
        jti=secrets.token_hex(16),
        now=now(),
        access_token=token,
    )


def ask(file: Path, port: int, root: Path) -> None:
    """One wallet process: every request of ``file`` over one connection."""
    connection = _connection(port, root)
    for one in json.loads(file.read_bytes()):
        headers = {
            "authorization": f"DPoP {one['token']}",
            "dpop": one["dpop"],
            "content-type": "application/json",
        }
        connection.request("POST", "/credential", one["body"], headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != OK or len(json.loads(body)["credentials"]) != COPIES:
            raise SystemExit(body.decode())


def at_once(
    folder: Path, settings: Settings, root: Path, requests: list[Any], wallets: int
) -> float:
    """Seconds until ``wallets`` processes have sent all of ``requests``."""
    files = []
    for number in range(wallets):
        files.append(folder / f"wallet-{number}.json")
        files[-1].write_bytes(dump_json(requests[number::wallets]))
    began = time.perf_counter()
    command = [sys.executable, __file__, "--port", str(settings.port), "--root", str(root)]
    running_now = [subprocess.Popen([*command, "--wallet", str(file)]) for file in files]
    if any([process.wait() for process in running_now]):  # noqa: C419 - all are waited for
        raise SystemExit("a wallet was refused")
    return time.perf_counter() - began


def bare(sign: float, check: float) -> float:
    """Milliseconds of the signatures of one request."""
    return COPIES * (sign + check) + check


def signatures() -> float:
    """Milliseconds of the same on this machine, at this moment."""
    key, how, message = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256()), b"x" * 300
    signed, public = key.sign(message, how), key.public_key()
    works = (lambda: key.sign(message, how), lambda: public.verify(signed, message, how))
    return bare(*together(works))


def measured(
    folder: Path, chosen: argparse.Namespace, *, words: str, pid: int = 0, **changes: Any
) -> tuple[str, ...]:
    """One row: what the server takes over one database."""
    port = free_port()
    settings, root = settings_at(folder, port, **changes)
    issuer = service.open_issuer(settings, clock=now, random=secrets.token_bytes)
    with serving(settings, root) as server:
        at_once(folder, settings, root, prepared(issuer, WARM), 1)
        requests = prepared(issuer, chosen.requests)
        issuer.audit.seal()  # what offers and tokens left to be bound is not the endpoint's
        who = [[server.pid], [pid]]
        spy = _spying(server.pid, chosen.profile, words)
        floor = signatures()
        before = [spent(roots) for roots in who]
        seconds = at_once(folder, settings, root, requests, chosen.wallets)
        ours, theirs = (spent(r) - b for r, b in zip(who, before, strict=True))
        floor = (floor + signatures()) / 2
        if spy is not None:
            spy.wait()
    issuer.store.close()
    count = chosen.requests
    times = f"{1_000 * ours / count / floor:.1f}"
    rate = f"{count * COPIES / ours:.0f}"
    each = f"{1_000 * ours / count:.2f}"
    beside = f"{1_000 * theirs / count:.2f}" if pid else ""
    return (words, rate, each, times, beside, f"{count * COPIES / seconds:.0f}")


def _spying(pid: int, file: str | None, words: str) -> subprocess.Popen[bytes] | None:
    if file is None:
        return None
    where = Path(file).with_suffix(f".{words.split(maxsplit=1)[0].lower()}.txt")
    options = ["record", "-g", "-p", str(pid), "-d", "20", "-r", "200", "-f", "raw"]
    found = subprocess.Popen([os.environ.get("PY_SPY", "py-spy"), *options, "-o", str(where)])
    time.sleep(SPYING)
    return found


def main() -> None:
    """Print what the credential endpoint gives."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--wallets", type=int, default=3)
    options.add_argument("--folder", type=Path, help="where the database stands: a real disk")
    options.add_argument("--profile", metavar="FILE", help="what py-spy finds (PY_SPY: its path)")
    options.add_argument("--only", choices=["sqlite", "postgresql"])
    options.add_argument("--wallet", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.wallet is not None:
        ask(chosen.wallet, chosen.port, chosen.root)
        return
    rows = []
    if chosen.only != "postgresql":
        with TemporaryDirectory(dir=chosen.folder) as folder:
            rows.append(measured(Path(folder), chosen, words="SQLite"))
    if chosen.only != "sqlite":
        with TemporaryDirectory(dir=chosen.folder) as folder, running(durable=True) as server:
            url = {"database": None, "database_url": server.empty_database()}
            row = measured(Path(folder), chosen, words="PostgreSQL", pid=server.pid, **url)
            rows.append(row)
    asked = 1_000 * COPIES / ASKED / bare(SIGN, CHECK)
    columns = (
        "a CPU-second",
        "CPU ms a request",
        f"of its bare signatures (asked {asked:.1f})",
        "PostgreSQL, CPU ms",
        "a second of the clock",
    )
    title = f"Credentials, {COPIES} of one record a request, {chosen.wallets} wallets at once"
    table(title, ("database", *columns), rows)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
