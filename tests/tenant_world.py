"""Two organisations on one deployment, each with its own keys, names and registrations."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk_world import TRUST_URL, Clock, Wallet, World, handle_of

from healthpassport.keys import generate_signer, save_signer
from healthpassport.requests import VerifiedRequest, verify_request
from verifier.api import create_organisations_app as api_app
from verifier.service import Desk, Tenants, digest_of, open_tenants
from verifier.settings import VerifierSettings
from verifier.web import create_organisations_app as web_app

NAMES = ("north", "south")
ODS = {"north": "RNN01", "south": "RSS01"}


def set_up(
    world: World, home: Path, *, wallets: str = "{name}.example", **more: Any
) -> VerifierSettings:
    """The folders of two organisations; ``wallets`` says where each is asked by wallets."""
    folder = home / "organisations"
    home.mkdir(parents=True)
    (home / "root.json").write_bytes(world.authority.bootstrap_root)
    for name in NAMES:
        _organisation(world, folder / name, host=wallets.format(name=name))
    world.authority.publish(world.fetcher.folder, now=datetime.now(UTC))
    return VerifierSettings(home=home, organisations=folder, trust_url=TRUST_URL, **more)


def _organisation(world: World, own: Path, *, host: str) -> None:
    name = own.name
    signer = generate_signer()
    registered = world.authority.add_verifier(
        ods=ODS[name],
        name=f"{name.title()} Hospital",
        host=host,
        purposes=["emergency", "medicines_check"],
        now=datetime.now(UTC),
        jwk=signer.public_key.jwk(),
    )
    (own / "registrations").mkdir(parents=True)
    save_signer(signer, own / "verifier.key")
    (own / "verifier.pem").write_bytes(registered.certificate.pem)
    for purpose, token in registered.registrations.items():
        (own / "registrations" / f"{purpose}.jwt").write_text(token)
    (own / "api-keys.json").write_text(json.dumps({"ward": digest_of(f"{name}-key")}))
    (own / "organisation.toml").write_text(
        f'name = "{name.title()} Hospital"\n'
        f'ods = "{ODS[name]}"\n'
        f'public_url = "https://{host}"\n'
        f'web_hosts = ["{name}.staff.example"]\n'
    )


@dataclass(frozen=True)
class Two:
    """Both organisations, served."""

    world: World
    tenants: Tenants
    api: Any
    web: Any

    @property
    def api_apps(self) -> Any:
        """The inner applications, by organisation."""
        return self.api._app._app._apps

    @property
    def web_apps(self) -> Any:
        return self.web._app._app._apps

    def desk(self, name: str) -> Desk:
        return self.tenants.desks[name]

    def read(self, name: str, link: str) -> VerifiedRequest:
        """What a wallet reads behind ``link`` of that organisation."""
        desk = self.desk(name)
        now = datetime.now(UTC)
        return verify_request(
            request_object=desk.request_object(handle_of(link)),
            client_id=desk.identity.client_id,
            trust=desk.lists.views(now).trust,
            now=now,
        )

    def answer(self, name: str, link: str, wallet: Wallet) -> bytes:
        return wallet.answer(self.read(name, link))


def serve_two(
    world: World,
    home: Path,
    *,
    change: Callable[[VerifierSettings], object] = lambda _settings: None,
    **more: Any,
) -> Two:
    settings = set_up(world, home, **more)
    change(settings)
    tenants = open_tenants(
        settings, clock=Clock(), random=secrets.token_bytes, fetcher=world.fetcher
    )
    next(iter(tenants.desks.values())).update()
    return Two(world, tenants, api_app(tenants), web_app(tenants))
