"""A program that issues, or asks and shows, on a disk that fails; run by test_failing_disks.py.

``failing_disks.py FOLDER [LIBRARY]``: with the library of ``failing_sync.c`` preloaded, every
sync of every step fails once; without it, the disk of FOLDER is filled to the last byte instead. It
prints, for each app, how often a step failed. What is *not* here: what the disk is.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk, make_world
from simulated_issuer import Site, Wallet

from verifier import api

FORM = {"content-type": "application/x-www-form-urlencoded"}
WARD = {"x-api-key": "ward-key"}
UNAVAILABLE = {
    "audit.not_written",
    "issuer.journal",
    "issuer.unavailable",
    "verifier.database",
    "verifier.receipt_note",
}
SWEEP = 40  # more syncs than any one step makes

Step = Callable[[], Any]


def nothing() -> None:
    """Most steps need no other before them."""


def failing_syncs(library: str) -> Callable[..., int]:
    """Runs a step with its first sync failing, its second, and so on."""
    loaded = ctypes.CDLL(library)

    def run(step: Step, prepare: Step = nothing) -> int:
        for number in range(SWEEP):
            prepare()
            loaded.fail_sync_after(number)
            answer = step()
            armed = loaded.sync_is_armed()
            loaded.fail_sync_after(-1)
            if armed:
                assert answer.status < 300, (answer.status, answer.body)
                return number
            if answer.status >= 300:
                refused(answer)
        raise AssertionError

    return run


def full_disk(folder: Path) -> Callable[..., int]:
    """Runs a step on a disk without a free byte, and then on one that has room again."""
    ballast = folder / "ballast"

    def run(step: Step, prepare: Step = nothing) -> int:
        prepare()
        with ballast.open("wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        answer = step()
        ballast.unlink()
        failed = answer.status >= 300
        if failed:
            refused(answer)
            prepare()
            answer = step()
        assert answer.status < 300, (answer.status, answer.body)
        return int(failed)

    return run


def refused(answer: Any) -> None:
    """In words, as the service's own trouble, without a trace."""
    body = json.loads(answer.body)
    assert answer.status == 503, (answer.status, body)
    assert body["code"] in UNAVAILABLE, body
    assert body["help"]
    assert "sqlite" not in answer.body.decode().lower()


def issuer(folder: Path, run: Callable[..., int]) -> Iterator[int]:
    site = Site(folder)
    patient = Path(__file__).resolve().parents[1] / "demo" / "patients" / "agnes-quillfeather.json"
    bundle = json.dumps({"bundle": json.loads(patient.read_text())}).encode()
    made: list[Any] = []

    def offer() -> Any:
        headers = {"authorization": f"Bearer {site.api_key}"}
        made.append(site.call("POST", "/offers", body=bundle, headers=headers))
        return made[-1]

    yield run(offer)
    unused: list[Wallet] = []
    used: list[Wallet] = []

    def prepare() -> None:
        """An offer whose code was not used; one whose use could not be noted was."""
        if not unused:
            unused.append(Wallet(site, site.offer()))

    def redeem() -> Any:
        answer = unused[0].ask_token()
        if answer.status < 300:
            used.append(unused.pop())
        return answer

    yield run(redeem, prepare)
    held = used[-1]
    proofs = [held.proof(held.nonce())]
    yield run(lambda: held.ask_credential(proofs=proofs))
    told = held.ask_credential(proofs=proofs).json()["notification_id"]
    event = {"notification_id": told, "event": "credential_accepted"}
    yield run(lambda: held.post("/notification", event))
    store = site.issuer.store
    assert store.sound()
    issued = [e for e in _issued(site) if e["recordType"] == "AllergySummary"]
    assert len(issued) == 1, "issued once, whatever failed between"
    site.reopen()
    assert _issued(site)


def _issued(site: Site) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {site.api_key}"}
    return site.call("GET", "/issuances", headers=headers).json()["issuances"]


def desk(folder: Path, run: Callable[..., int]) -> Iterator[int]:
    home = folder / "desk"
    home.mkdir()
    world = make_world(folder)
    keys = {"ward": hashlib.sha256(b"ward-key").hexdigest()}
    (home / "api-keys.json").write_text(json.dumps(keys))
    served = make_desk(world, home)
    app = api.create_app(served.settings, desk=served)
    wanted = {"template": "emergency_admission"}
    asked: list[Any] = []

    def ask() -> Any:
        asked.append(call(app, "POST", "/requests", headers=WARD, body=wanted))
        return asked[-1]

    yield run(ask)
    link = asked[-1].json["link"]
    wallet, trust = full_wallet(world), served.lists.views(served.clock()).trust
    yield run(lambda: call(app, "GET", f"/oid4vp/requests/{handle_of(link)}"))
    bodies: list[tuple[str, bytes]] = []

    def prepare() -> None:
        """A question and its answer; what could not be noted ended the one before."""
        made = call(app, "POST", "/requests", headers=WARD, body=wanted).json
        body = wallet.answer(wallet.read(served, made["link"], trust))
        bodies.append((made["link"], body))
        asked.append(made)

    def answer() -> Any:
        link, body = bodies[-1]
        place = f"/oid4vp/responses/{handle_of(link)}"
        return call(app, "POST", place, headers=FORM, body=body)

    yield run(answer, prepare)
    path = f"/requests/{asked[-1]['id']}"
    assert call(app, "GET", path, headers=WARD).json["state"] == "answered"
    yield run(lambda: call(app, "DELETE", path, headers=WARD))
    assert call(app, "GET", path, headers=WARD).json["state"] == "closed"
    served.shut()


if __name__ == "__main__":
    where, *shim = sys.argv[1:]
    found = {}
    for app in (issuer, desk):
        folder = Path(where) / app.__name__
        folder.mkdir()
        runner = failing_syncs(shim[0]) if shim else full_disk(folder)
        found[app.__name__] = list(app(folder, runner))
    sys.stdout.write(json.dumps(found) + "\n")
