"""A small world for the desk: authority, issuer, one holder, and a desk that knows them.

Everything is real but the network: ``FolderFetcher`` serves the published folder and the status
list from memory. What the issuer and the wallet do here stands in for those apps.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ready_store import lay_desk
from record_examples import allergies, medicines

from authority.service import Authority, RegisteredVerifier
from authority.store import Passphrases
from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.encoding import b64_encode, parse_json_object
from healthpassport.errors import FetchError, PassportError
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.formats import sd_jwt_vc
from healthpassport.jose import jws
from healthpassport.jose.jwe import encrypt
from healthpassport.keys import SoftwareSigner, generate_signer, save_signer
from healthpassport.protocols.dcql import HeldClaims, Query, match
from healthpassport.protocols.oid4vp import build_vp_token, encode_response
from healthpassport.requests import VerifiedRequest, verify_request
from healthpassport.status.token_status_list import build, sign
from healthpassport.summary import Record, disclosure_tree, to_payload
from healthpassport.trust.model import TrustView
from verifier.service import Desk, open_desk
from verifier.settings import VerifierSettings

ISS = "https://issuer.example"
STATUS_URI = "https://issuer.example/status/1"
TRUST_URL = "https://authority.example/trust"
DESK_HOST = "desk.example"
PASSPHRASE = b"a passphrase for tests"
RECORD_TYPES = (
    "PatientIdentity",
    "AllergySummary",
    "MedicationSummary",
    "ProblemSummary",
    "EmergencyCard",
)
INDEX = 7


@dataclass
class FolderFetcher:
    """Serves a folder and single bodies; counts what was asked for."""

    folder: Path
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url)
        if request.url in self.bodies:
            headers = {"content-type": "application/statuslist+jwt"}
            return HttpResponse(200, headers, self.bodies[request.url])
        if not request.url.startswith(TRUST_URL + "/"):
            raise FetchError("net.unreachable")
        path = self.folder / request.url.removeprefix(TRUST_URL + "/")
        return HttpResponse(200, {}, path.read_bytes()) if path.is_file() else _missing()


def _missing() -> HttpResponse:
    return HttpResponse(404, {}, b"")


@dataclass
class Clock:
    """The real time, moved by hand, or ``stopped`` at one."""

    offset: timedelta = timedelta()
    stopped: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stopped or datetime.now(UTC)) + self.offset


@dataclass
class World:
    """What stays the same for a whole test run: keys, certificates, the published list."""

    folder: Path
    authority: Authority
    issuer: SoftwareSigner
    issuer_chain: tuple[bytes, ...]
    desk_signer: SoftwareSigner
    registered: RegisteredVerifier
    holder: SoftwareSigner
    fetcher: FolderFetcher

    @property
    def anchor(self) -> bytes:
        return self.authority.anchor_der

    def set_status(self, status: int = 0, *, at: datetime | None = None) -> None:
        now = at or datetime.now(UTC)
        listed = build(bits=2, size=1 << 17, entries=[(INDEX, status)])
        token = sign(
            listed,
            uri=STATUS_URI,
            issuer=ISS,
            signer=self.issuer,
            issued_at=now,
            expires_at=now + timedelta(days=2),
            ttl=timedelta(hours=1),
        )
        self.fetcher.bodies[STATUS_URI] = token.encode()

    def credential(self, record: Record, **changes: Any) -> str:
        now = datetime.now(UTC)
        parts: dict[str, Any] = {
            "payload": to_payload(record),
            "disclosable": disclosure_tree(record.type),
            "signer": self.issuer,
            "iss": ISS,
            "holder_jwk": self.holder.public_key.jwk(),
            "issued_at": now - timedelta(minutes=1),
            "expires_at": now + timedelta(days=30),
            "salts": secrets.token_bytes,
            "x5c": self.issuer_chain,
            "status": {"status_list": {"idx": INDEX, "uri": STATUS_URI}},
        }
        return sd_jwt_vc.issue(**(parts | changes))


def make_world(folder: Path) -> World:
    now = datetime.now(UTC)
    authority = Authority(folder / "authority", Passphrases.same(PASSPHRASE), kdf_cost=16384)
    authority.init(name="Test authority", now=now)
    issuer, desk = generate_signer(), generate_signer()
    certificate = authority.add_issuer(
        iss=ISS,
        ods="A12345",
        name="Example Surgery",
        record_types=RECORD_TYPES,
        status_lists=[STATUS_URI],
        now=now,
        jwk=issuer.public_key.jwk(),
    )
    registered = authority.add_verifier(
        ods="RXX01",
        name="Example Hospital",
        host=DESK_HOST,
        purposes=["emergency", "medicines_check"],
        now=now,
        jwk=desk.public_key.jwk(),
    )
    published = folder / "published"
    authority.publish(published, now=now)
    world = World(
        folder,
        authority,
        issuer,
        certificate.chain,
        desk,
        registered,
        generate_signer(),
        FolderFetcher(published),
    )
    world.set_status()
    return world


def desk_settings(world: World, home: Path, **changes: Any) -> VerifierSettings:
    """A home folder with everything that a desk needs, and the settings that point at it."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "verifier.key").exists():
        save_signer(world.desk_signer, home / "verifier.key")
        (home / "verifier.pem").write_bytes(world.registered.certificate.pem)
        (home / "registrations").mkdir()
        for purpose, token in world.registered.registrations.items():
            (home / "registrations" / f"{purpose}.jwt").write_text(token)
        (home / "root.json").write_bytes(world.authority.bootstrap_root)
    return VerifierSettings(
        home=home, public_url=f"https://{DESK_HOST}", trust_url=TRUST_URL, **changes
    )


def make_desk(
    world: World,
    home: Path,
    *,
    clock: Callable[[], datetime] | None = None,
    updated: bool = True,
    **changes: Any,
) -> Desk:
    settings = desk_settings(world, home, **changes)
    if not settings.database_url:
        lay_desk(settings.database_file)
    desk = open_desk(
        settings,
        clock=clock or Clock(),
        random=secrets.token_bytes,
        fetcher=world.fetcher,
    )
    if updated:
        desk.update()
    return desk


def handle_of(link: str) -> str:
    return link.partition("&request_uri=")[2].partition("&")[0].rpartition("/")[2]


@dataclass(frozen=True)
class Wallet:
    """What a wallet does between the link and the answer, in the fewest steps."""

    world: World
    held: Mapping[str, str]

    def read(self, desk: Desk, link: str, trust: TrustView) -> VerifiedRequest:
        request_object = desk.request_object(handle_of(link))
        return verify_request(
            request_object=request_object,
            client_id=desk.identity.client_id,
            trust=trust,
            now=datetime.now(UTC),
        )

    def presentation(
        self,
        query: Query,
        challenge: Challenge,
        *,
        now: datetime | None = None,
        keep: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda payload: payload,
    ) -> Presentation:
        """Present what ``keep`` leaves of each record, with the first claim set that fits."""
        opened = {name: sd_jwt_vc.open_held(text) for name, text in self.held.items()}
        claims = [
            HeldClaims(name, "dc+sd-jwt", str(held.payload["vct"]), keep(held.payload))
            for name, held in opened.items()
        ]
        selection = match(query, claims)
        answers = {}
        for query_id in selection.answer or ():
            chosen = selection.matches[query_id][0]
            text = sd_jwt_vc.present(
                opened[chosen.reference],
                disclose=chosen.options[0].places,
                challenge=challenge,
                holder_signer=self.world.holder,
                now=now or datetime.now(UTC),
            )
            answers[query_id] = (Credential("dc+sd-jwt", text),)
        return Presentation(answers)

    def answer(
        self, request: VerifiedRequest, *, presentation: Presentation | None = None
    ) -> bytes:
        """The body to post."""
        challenge = Challenge(request.nonce, request.client_id)
        shown = presentation or self.presentation(request.query, challenge)
        return seal(request, build_vp_token(shown, state=request.state))


def seal(request: VerifiedRequest, plaintext: bytes) -> bytes:
    jwe = encrypt(plaintext, recipient_jwk=request.encryption_jwk, encryption=request.encryption)
    return encode_response(jwe)


def identity(**subject: Any) -> Record:
    base = allergies()
    fields = {**base.subject, **subject}
    return Record(
        type="PatientIdentity",
        source=base.source,
        state=base.state,
        as_of=base.as_of,
        subject=fields,
        always={"deceased": False},
    )


def wallet_with(world: World, *records: Record) -> Wallet:
    return Wallet(world, {f"{r.type}-{i}": world.credential(r) for i, r in enumerate(records)})


def full_wallet(world: World) -> Wallet:
    return wallet_with(world, identity(), allergies(), medicines("current"))


def peek(request_object: str) -> dict[str, Any]:
    """The payload of a request object, unverified."""
    return dict(parse_json_object(jws.parse(request_object).payload))


def x5c(chain: Iterable[bytes]) -> list[str]:
    return [b64_encode(der) for der in chain]


def opened(desk, wallet, template="emergency_admission", name="ward"):
    view = desk.ask(template, desk=name)
    trust = desk.lists.views(view.created_at).trust
    return view, wallet.read(desk, view.link, trust)


def code_of(action, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        action(*arguments, **named)
    return caught.value.code


def post(desk, view, body):
    return desk.receive(handle_of(view.link), body)
