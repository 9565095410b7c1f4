"""The provider that signs staff in: an app's settings of it, and the exchange with its roles.

What is *not* here: the exchange itself (``exchange``), sessions (``steps``), and what a role may
do, which each app says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from healthpassport.errors import FetchError, ServiceError, SettingsError
from healthpassport.fetch import Fetcher
from healthpassport.keys import load_signer
from healthpassport.protocols.oidc import (
    ClientAuthentication,
    ClientCredentials,
    ProviderMetadata,
)
from healthpassport.sign_in.exchange import Demands, Exchange, Vouched
from healthpassport.sign_in.roles import has_roles


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """What an app's settings say of its provider.

    ``prefix`` begins the names of these settings, and ``hosts_setting`` is the one that allows a
    private address: both for the words of errors alone.
    """

    issuer: str
    client_id: str
    client_auth: str
    role_claim: str
    prefix: str
    hosts_setting: str
    client_secret_file: Path | None = None
    client_key: str = ""
    client_kid: str = ""
    client_audience: str = "issuer"
    acr: tuple[str, ...] = ()
    acr_claim: str = "acr"
    acr_asked: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile")


class Provider:
    """The provider of one app; ``open_provider`` makes it."""

    def __init__(self, settings: OidcSettings, client: ClientCredentials, fetcher: Fetcher) -> None:
        self.settings = settings
        demands = Demands(
            settings.issuer,
            client_audience=settings.client_audience,
            acrs=settings.acr,
            acr_claim=settings.acr_claim,
        )
        self._exchange = Exchange(demands, client, fetcher, self._unreachable)

    @property
    def client_id(self) -> str:
        """The app's name there."""
        return self._exchange.client_id

    def metadata(self, now: datetime) -> ProviderMetadata:
        """Its description, held for a while.

        Raises:
            ServiceError: ``staff.offline`` where it cannot be reached.
            ProtocolError: ``oidc.metadata``, ``oidc.issuer``.
        """
        return self._exchange.metadata(now)

    def exchange(
        self, code: str, *, verifier: str, nonce: str, redirect_uri: str, now: datetime, jti: str
    ) -> Vouched:
        """Whom ``code`` stands for, after every check; roles may stand at the user info endpoint.

        Raises:
            ServiceError: ``staff.offline``.
            ProtocolError, JoseError, EncodingError: why nobody is signed in.
        """
        return self._exchange.run(
            code,
            verifier=verifier,
            nonce=nonce,
            redirect_uri=redirect_uri,
            now=now,
            jti=jti,
            enough=lambda claims: has_roles(claims, self.settings.role_claim),
        )

    def _unreachable(self, error: FetchError) -> ServiceError:
        if error.code == "ssrf.blocked":
            detail = f"its address is private: {self.settings.hosts_setting}"
            return ServiceError("staff.setup", detail)
        return ServiceError("staff.offline", error.code)


def open_provider(settings: OidcSettings, fetcher: Fetcher) -> Provider:
    """The provider that ``settings`` name, with the app's own proof towards it read.

    Raises:
        SettingsError: ``staff.setup`` with the setting that is missing or cannot be used.
        KeyMaterialError: where the key cannot be loaded.
    """
    way = ClientAuthentication(settings.client_auth)
    if not settings.client_id:
        raise SettingsError("staff.setup", f"{settings.prefix}CLIENT_ID is empty")
    secret, signer = "", None
    if way in {ClientAuthentication.BASIC, ClientAuthentication.POST}:
        secret = _secret(settings)
    if way is ClientAuthentication.PRIVATE_KEY:
        if not settings.client_key:
            raise SettingsError("staff.setup", f"{settings.prefix}CLIENT_KEY is empty")
        signer = load_signer(settings.client_key)
    client = ClientCredentials(
        settings.client_id, way, secret=secret, signer=signer, kid=settings.client_kid
    )
    return Provider(settings, client, fetcher)


def _secret(settings: OidcSettings) -> str:
    if settings.client_secret_file is None:
        raise SettingsError("staff.setup", f"{settings.prefix}CLIENT_SECRET_FILE is empty")
    try:
        data = settings.client_secret_file.read_bytes()
    except OSError as error:
        raise SettingsError("staff.setup", "the client secret cannot be read") from error
    secret = data.decode("utf-8", "replace").strip()
    if not secret:
        raise SettingsError("staff.setup", "the file of the client secret is empty")
    return secret
