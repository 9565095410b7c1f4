"""A surgery, a hospital desk and an authority for the wallet's tests: the real applications.

Only the network is left out: ``Wire`` carries each request straight into the application that its
host names, remembers it, and lets a test bend the answer.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fhir_examples import PATIENT, bundle, data
from one_loop import answered
from simulated_issuer import _call
from simulated_issuer import summary as made_summary

import verifier.api
from demo.world import Ports, World
from healthpassport.errors import FetchError
from healthpassport.fetch import HttpRequest, HttpResponse
from issuer import service
from wallet.service import HistoryEntry, Surroundings, Wallet
from wallet.vault import KdfCost

PASSPHRASE = "three made-up words"
PORTS = Ports(authority=9001, issuer=9002, desk=9003, page=9004, wallet=9005, console=9006)
NAME = "rowan.json"
ISSUER = f"https://localhost:{PORTS.issuer}"
DESK = f"https://localhost:{PORTS.desk}"


def unbent(_request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    return answer


@dataclass
class Wire:
    """A fetcher that knows three hosts. ``bend`` may change any answer, ``down`` hosts are gone."""

    apps: dict[str, object] = field(default_factory=dict)
    sent: list[HttpRequest] = field(default_factory=list)
    bend: Callable[[HttpRequest, HttpResponse], HttpResponse] = unbent
    down: set[str] = field(default_factory=set)

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        parts = urlsplit(request.url)
        if parts.scheme != "https":
            raise FetchError("ssrf.blocked")
        if parts.netloc in self.down or parts.netloc not in self.apps:
            raise FetchError("net.unreachable")
        if isinstance(self.apps[parts.netloc], Path):
            return self.bend(request, _file(self.apps[parts.netloc] / parts.path.lstrip("/")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers |= {"host": parts.netloc, "content-length": str(len(request.body or b""))}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "https",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
            "client": ("198.51.100.1", 50000),
            "server": (parts.hostname, parts.port),
        }
        answer = answered(_call(self.apps[parts.netloc], scope, request.body or b""))
        return self.bend(request, HttpResponse(answer.status, answer.headers, answer.body))

    def calm(self) -> None:
        """Forget what a test did."""
        self.bend = unbent
        self.down.clear()
        self.sent.clear()

    def urls(self) -> list[str]:
        return [request.url for request in self.sent]


def _file(path: Path) -> HttpResponse:
    return (
        HttpResponse(200, {}, path.read_bytes()) if path.is_file() else HttpResponse(404, {}, b"")
    )


class WalletWorld:
    """The world around one wallet; ``wallet(folder)`` makes a new patient's."""

    def __init__(self, folder: Path, **more) -> None:
        self.world = World(folder, ports=PORTS, **more)
        self.wire = Wire()
        self.world.__dict__["fetcher"] = self.wire
        self.wire.apps = {
            f"localhost:{PORTS.authority}": self.world.folders.published,
            f"localhost:{PORTS.issuer}": self.world.issuer_app,
            f"localhost:{PORTS.desk}": verifier.api.create_app(
                self.world.desk_settings, desk=self.world.desk
            ),
        }
        self.world.desk.update()

    def surroundings(self, folder: Path, **changes) -> Surroundings:
        return Surroundings(
            **{
                "vault_file": folder / "wallet" / "vault.db",
                "anchor_folder": folder / "anchors",
                "trust_folder": folder / "trust",
                "fetcher": self.wire,
                "trust_url": f"https://localhost:{PORTS.authority}",
                "trust_root": (self.world.folders.published / "root.json").read_bytes(),
                "clock": self.world.clock,
            }
            | changes
        )

    def wallet(self, folder: Path, **changes) -> Wallet:
        """A new wallet, unlocked, with a trust list and no records."""
        made = Wallet(self.surroundings(folder, **changes))
        made.init(PASSPHRASE, cost=KdfCost())
        made.update_trust()
        return made

    def offer(self, summary=None) -> service.NewOffer:
        issuer = self.world.issuer_app.state.issuer
        return service.offer_summary(
            issuer, client="practice", summary=summary or made_summary(), wanted=()
        )

    def tell(self, *resources, patient=PATIENT, name: str = NAME) -> None:
        """From now on the surgery's source says this."""
        folder = self.world.issuer_settings.source_folder
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data(bundle(patient, *resources)))

    def offer_source(self, name: str = NAME, **more) -> service.NewOffer:
        """An offer whose records can be read again."""
        issuer = self.world.issuer_app.state.issuer
        return service.offer_source(issuer, client="practice", name=name, **more)

    def ask(self, template: str = "emergency_admission") -> dict:
        """A request of the desk: ``id`` and ``link`` among others."""
        return self._api("POST", "/requests", {"template": template})

    def seen(self, request: dict) -> dict:
        """What the desk made of the answer."""
        return self._api("GET", f"/requests/{request['id']}")

    def _api(self, method: str, path: str, value: dict | None = None) -> dict:
        headers = {"authorization": f"Bearer {self.world.desk_key}"}
        headers |= {"content-type": "application/json"} if value else {}
        body = json.dumps(value).encode() if value else None
        request = HttpRequest(method, DESK + path, headers, body)
        bend, self.wire.bend = self.wire.bend, unbent
        answer = self.wire.fetch(request)
        self.wire.bend = bend
        self.wire.sent.pop()
        assert answer.status < 300, answer.body
        return json.loads(answer.body)


def past_of(wallet: Wallet) -> tuple[HistoryEntry, ...]:
    """The history, after the second unlock that it needs."""
    wallet.open_past(PASSPHRASE)
    return wallet.history()


def with_json(change: Callable[[dict], object]) -> Callable[[HttpResponse], HttpResponse]:
    """An answer whose JSON object ``change`` alters in place."""

    def bent(answer: HttpResponse) -> HttpResponse:
        value = json.loads(answer.body)
        change(value)
        return HttpResponse(answer.status, answer.headers, json.dumps(value).encode())

    return bent


def random_word() -> str:
    return secrets.token_urlsafe(16)
