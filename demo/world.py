"""One machine's world: an authority, a surgery that issues, a hospital desk and a wallet.

Everything is made with the parts that a real set-up uses, over https on loopback. The only short
cut is that one passphrase opens all keys. What is *not* here: the journey (``script``).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

import issuer.api
import issuer.web
import verifier.api
import verifier.web
import wallet.web
from authority.service import Authority, Passphrases
from authority.settings import KDF_FLOOR
from healthpassport.encoding import dump_json
from healthpassport.fetch import TIMEOUT_SECONDS, HttpsFetcher
from healthpassport.keys import generate_signer, save_signer
from healthpassport.summary import issued_types
from issuer.service.clients import add_client
from issuer.service.console import open_console
from issuer.service.signing_keys import SECOND_ALGORITHM, make_reports_key, make_signing_key
from issuer.settings import Format
from issuer.settings import Settings as IssuerSettings
from issuer.web.patient import add_pages
from schemas.cards import CARD
from schemas.queries import purposes
from verifier.service import Desk, open_desk
from verifier.settings import VerifierSettings
from wallet.service import Surroundings, Wallet
from wallet.settings import WalletSettings
from wallet.web import Visit

from .folders import DemoFolders
from .servers import LoopbackServer, free_ports
from .tls import TlsFiles, make_tls_files

HOST: Final = "localhost"
SURGERY: Final = ("A99999", "Example Surgery")
HOSPITAL: Final = ("R99", "Example Hospital, Emergency Department")
PURPOSES: Final = tuple(purposes())
DESK_NAME: Final = "desk-1"


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each server listens."""

    authority: int
    issuer: int
    desk: int
    page: int
    wallet: int
    console: int

    @classmethod
    def free(cls) -> Ports:
        """Ports that nothing uses."""
        return cls(*free_ports(len(fields(cls))))


class World:
    """Authority, issuer, desk and wallet in one folder, with their servers.

    Args:
        folder: is made anew; see ``DemoFolders``.
        ports: where to listen.
        tls: certificates of one's own for https, else they are made.
        clock: the time for everybody.
        issuer_algorithm: what the surgery's key is for, ES256 or EdDSA.
        formats: in which the surgery offers each record.
        second_signature: whether the surgery signs with ML-DSA-44 too.
        require_post_quantum: whether the desk asks for that.
        patience: seconds that a request of the wallet or of this world may take.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports,
        tls: TlsFiles | None = None,
        clock: Callable[[], datetime] = utc_now,
        issuer_algorithm: str = "ES256",
        formats: tuple[Format, ...] = ("dc+sd-jwt",),
        second_signature: bool = False,
        require_post_quantum: bool = False,
        patience: float = TIMEOUT_SECONDS,
    ) -> None:
        self.patience = patience
        self.folders = DemoFolders(folder.resolve())
        self.ports = ports
        self.clock = clock
        self.folders.make()
        self.tls = tls or make_tls_files(self.folders.tls, now=clock())
        self.passphrase = secrets.token_urlsafe(18)
        self.practice_key = ""
        self.issuer_algorithm = issuer_algorithm
        self.formats = formats
        self.second_signature = second_signature
        self.require_post_quantum = require_post_quantum
        self.desk_key = secrets.token_urlsafe(24)
        self.passphrase_file.touch(mode=0o600)
        self.passphrase_file.write_text(self.passphrase + "\n", encoding="utf-8")
        self._found_authority()

    @property
    def passphrase_file(self) -> Path:
        """The passphrase of every key and of the wallet, for commands typed beside the demo."""
        return self.folders.top / "passphrase.txt"

    @cached_property
    def authority(self) -> Authority:
        """The authority, with key derivation at its floor so that a demonstration starts soon."""
        return Authority(
            self.folders.authority,
            Passphrases.same(self.passphrase.encode()),
            kdf_cost=KDF_FLOOR,
        )

    @cached_property
    def authority_server(self) -> LoopbackServer:
        """The published folder, as any web server would serve it."""
        files = Mount("/", StaticFiles(directory=self.folders.published))
        app = Starlette(routes=[files])
        return LoopbackServer("authority", app, self.ports.authority, self.tls)

    @cached_property
    def issuer_settings(self) -> IssuerSettings:
        """The surgery's settings."""
        folder = self.folders.issuer
        return IssuerSettings(
            iss=self._url(self.ports.issuer),
            ods=SURGERY[0],
            name=SURGERY[1],
            system="demo",
            formats=self.formats,
            key=(folder / "issuer.key").as_uri(),
            key_passphrase_file=self.passphrase_file,
            second_key=(folder / "second.key").as_uri() if self.second_signature else None,
            second_key_passphrase_file=self.passphrase_file,
            x5c=folder / "issuer.pem",
            database=folder / "issuer.sqlite",
            source_folder=folder / "source",
            reports_jwk=folder / "reports.jwk",
            reports_key=(folder / "reports.key").as_uri(),
            reports_key_passphrase_file=self.passphrase_file,
            api_keys=folder / "api-keys.json",
            tls_cert=self.tls.certificate,
            tls_key=self.tls.key,
            port=self.ports.issuer,
            web_port=self.ports.console,
            web_role="clinician,admin",
        )

    @cached_property
    def issuer_app(self) -> Any:  # noqa: ANN401 - an ASGI application
        """The surgery's application."""
        app = issuer.api.create_app(
            self.issuer_settings, clock=self.clock, random=secrets.token_bytes
        )
        add_pages(app)
        return app

    @cached_property
    def issuer_server(self) -> LoopbackServer:
        """The surgery over https."""
        return LoopbackServer("issuer", self.issuer_app, self.ports.issuer, self.tls)

    @cached_property
    def console_server(self) -> LoopbackServer:
        """The surgery's console for its staff."""
        app = issuer.web.create_app(open_console(self.issuer_app.state.issuer))
        return LoopbackServer("console", app, self.ports.console)

    @cached_property
    def desk_settings(self) -> VerifierSettings:
        """The desk's settings."""
        return VerifierSettings(
            home=self.folders.desk,
            public_url=self._url(self.ports.desk),
            api_port=self.ports.desk,
            tls_cert=self.tls.certificate,
            tls_key=self.tls.key,
            web_port=self.ports.page,
            key_passphrase_file=self.passphrase_file,
            trust_url=self._url(self.ports.authority),
            ca_file=self.tls.ca,
            allowed_private_hosts=tuple(self.private_hosts),
            organisation=HOSPITAL[1],
            role="clinician,auditor,admin",
            require_post_quantum=self.require_post_quantum,
        )

    @cached_property
    def desk(self) -> Desk:
        """The desk, shared by its endpoints and its page."""
        return open_desk(
            self.desk_settings, clock=self.clock, random=secrets.token_bytes, fetcher=self.fetcher
        )

    @cached_property
    def desk_server(self) -> LoopbackServer:
        """The desk's endpoints for wallets and for other programs, over https."""
        app = verifier.api.create_app(self.desk_settings, desk=self.desk)
        return LoopbackServer("desk", app, self.ports.desk, self.tls)

    @cached_property
    def page_server(self) -> LoopbackServer:
        """The desk's page for staff."""
        app = verifier.web.create_app(self.desk_settings, self.desk)
        return LoopbackServer("page", app, self.ports.page)

    @cached_property
    def wallet_settings(self) -> WalletSettings:
        """The wallet's settings."""
        return WalletSettings(
            folder=self.folders.wallet,
            trust_url=self._url(self.ports.authority),
            trust_root=self.folders.published / "root.json",
            ca_file=self.tls.ca,
            allowed_private_hosts=tuple(self.private_hosts),
        )

    @cached_property
    def wallet(self) -> Wallet:
        """The patient's wallet, not made yet."""
        around = Surroundings.of(self.wallet_settings)
        return Wallet(replace(around, clock=self.clock, fetcher=self.fetcher))

    @cached_property
    def visit(self) -> Visit:
        """The one run of the wallet's pages: its link opens them once."""
        return Visit(self.wallet, random=secrets.token_bytes)

    @cached_property
    def wallet_server(self) -> LoopbackServer:
        """The wallet's pages for the patient."""
        app = wallet.web.create_app(self.wallet_settings, self.visit)
        return LoopbackServer("wallet", app, self.ports.wallet)

    @cached_property
    def fetcher(self) -> HttpsFetcher:
        """The way to the servers of this world, and to nothing else on this machine."""
        return HttpsFetcher(
            ca_file=self.tls.ca, allowed_private_hosts=self.private_hosts, timeout=self.patience
        )

    @property
    def private_hosts(self) -> frozenset[str]:
        """The servers of this world as ``host:port``."""
        ports = (self.ports.authority, self.ports.issuer, self.ports.desk)
        return frozenset(f"{HOST}:{port}" for port in ports)

    @property
    def servers(self) -> tuple[LoopbackServer, ...]:
        """Everything that listens, in the order of starting."""
        return (
            self.authority_server,
            self.issuer_server,
            self.console_server,
            self.desk_server,
            self.page_server,
            self.wallet_server,
        )

    def start(self) -> None:
        """Start every server."""
        for server in self.servers:
            server.start()

    def stop(self) -> None:
        """Stop every server that runs."""
        for server in reversed(self.servers):
            server.stop()

    def _url(self, port: int) -> str:
        return f"https://{HOST}:{port}"

    def _found_authority(self) -> None:
        """Make the authority, certify surgery and hospital, and publish the list."""
        now = self.clock()
        root = self.authority.init(name="Example Trust Authority", now=now)
        self._certify_issuer(now)
        self._certify_desk(now, root)
        self.folders.published.mkdir()
        self.authority.publish(self.folders.published, now=now)
        (self.folders.published / "root.json").write_bytes(root)

    def _certify_issuer(self, now: datetime) -> None:
        folder = self.folders.issuer
        iss = self._url(self.ports.issuer)
        key = make_signing_key(
            folder / "issuer.key",
            algorithm=self.issuer_algorithm,
            host=HOST,
            passphrase=self.passphrase.encode(),
        )
        certificate = self.authority.add_issuer(
            iss=iss,
            ods=SURGERY[0],
            name=SURGERY[1],
            record_types=(*issued_types(), CARD),
            status_lists=[f"{iss}/status/1"],
            status_aggregation=f"{iss}/status",
            now=now,
            csr_pem=key.csr_pem,
            second_csr_pem=self._second_request(folder / "second.key"),
        )
        (folder / "issuer.pem").write_bytes(certificate.pem)
        make_reports_key(
            folder / "reports.key", folder / "reports.jwk", passphrase=self.passphrase.encode()
        )
        made = add_client(folder / "api-keys.json", name="practice", random=secrets.token_bytes)
        self.practice_key = made.key

    def _second_request(self, path: Path) -> bytes | None:
        if not self.second_signature:
            return None
        made = make_signing_key(
            path,
            algorithm=SECOND_ALGORITHM,
            host=HOST,
            passphrase=self.passphrase.encode(),
        )
        return made.csr_pem

    def _certify_desk(self, now: datetime, root: bytes) -> None:
        folder = self.folders.desk
        signer = generate_signer()
        save_signer(signer, folder / "verifier.key", self.passphrase.encode())
        registered = self.authority.add_verifier(
            ods=HOSPITAL[0],
            name=HOSPITAL[1],
            host=f"{HOST}:{self.ports.desk}",
            purposes=PURPOSES,
            now=now,
            jwk=signer.public_key.jwk(),
        )
        (folder / "verifier.pem").write_bytes(registered.certificate.pem)
        (folder / "root.json").write_bytes(root)
        (folder / "registrations").mkdir()
        for purpose, token in registered.registrations.items():
            (folder / "registrations" / f"{purpose}.jwt").write_text(token, encoding="ascii")
        digest = hashlib.sha256(self.desk_key.encode()).hexdigest()
        (folder / "api-keys.json").write_bytes(dump_json({DESK_NAME: digest}))
