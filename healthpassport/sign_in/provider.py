"""The provider that signs staff in: its description and keys, held for a while, and the exchange.

Rules: nothing of it is asked while somebody is signed in, so that an app without a network goes
on; a key that is not known is looked for once, and not again for a minute; tokens are used at once
and kept nowhere. What is *not* here: sessions (``steps``) and the checks (``protocols``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import FetchError, ProtocolError, ServiceError, SettingsError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.keys import load_signer
from healthpassport.protocols import oidc
from healthpassport.protocols.oidc import (
    ClientAuthentication,
    ClientCredentials,
    ProviderKeys,
    ProviderMetadata,
    TokenAnswer,
    VerifiedIdToken,
)
from healthpassport.sign_in.roles import has_roles

FRESH: Final = timedelta(hours=1)  # of description and keys
KEY_PAUSE: Final = timedelta(minutes=1)
OK: Final = 200


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


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for, with everything that it says of them."""

    subject: str
    claims: Mapping[str, Json]


class Provider:
    """The provider of one app; ``open_provider`` makes it."""

    def __init__(self, settings: OidcSettings, client: ClientCredentials, fetcher: Fetcher) -> None:
        self.settings = settings
        self._fetcher = fetcher
        self._client = client
        self._lock = Lock()
        self._metadata: tuple[datetime, ProviderMetadata] | None = None
        self._keys: tuple[datetime, ProviderKeys] | None = None

    @property
    def client_id(self) -> str:
        """The app's name there."""
        return self._client.client_id

    def metadata(self, now: datetime) -> ProviderMetadata:
        """Its description, not older than ``FRESH``.

        Raises:
            ServiceError: ``staff.offline`` where it cannot be reached.
            ProtocolError: ``oidc.metadata``, ``oidc.issuer``.
        """
        with self._lock:
            held = self._metadata
        if held is not None and now - held[0] < FRESH:
            return held[1]
        issuer = self.settings.issuer
        body = self._get(oidc.discovery_url(issuer), "oidc.metadata").body
        found = oidc.read_metadata(body, expected_issuer=issuer)
        with self._lock:
            self._metadata = (now, found)
        return found

    def _client_of(self, about: ProviderMetadata) -> ClientCredentials:
        issuer = self.settings.client_audience == "issuer"
        return replace(self._client, audience=about.issuer if issuer else about.token_endpoint)

    def exchange(
        self, code: str, *, verifier: str, nonce: str, redirect_uri: str, now: datetime, jti: str
    ) -> Vouched:
        """Whom ``code`` stands for, after every check.

        Raises:
            ServiceError: ``staff.offline``.
            ProtocolError, JoseError, EncodingError: why nobody is signed in.
        """
        about = self.metadata(now)
        request = oidc.token_request(
            about.token_endpoint,
            code=code,
            verifier=verifier,
            redirect_uri=redirect_uri,
            client=self._client_of(about),
            now=now,
            jti=jti,
        )
        answer = oidc.read_token_answer(self._fetch(request))
        token = self._checked(answer, about, nonce, now)
        return Vouched(token.subject, self._claims(token, answer, about))

    def _checked(
        self, answer: TokenAnswer, about: ProviderMetadata, nonce: str, now: datetime
    ) -> VerifiedIdToken:
        held = self._jwks(about, now)
        try:
            return self._verified(answer, held, nonce, now)
        except ProtocolError as error:
            # Core section 10.1.1: a key that is not known may be a new one.
            if error.code != "oidc.key_unknown" or not self._may_look_again(now):
                raise
        return self._verified(answer, self._jwks(about, now), nonce, now)

    def _verified(
        self, answer: TokenAnswer, keys: ProviderKeys, nonce: str, now: datetime
    ) -> VerifiedIdToken:
        return oidc.verify_id_token(
            answer.id_token,
            keys=keys,
            expected_issuer=self.settings.issuer,
            expected_client_id=self.client_id,
            expected_nonce=nonce,
            expected_acrs=self.settings.acr,
            acr_claim=self.settings.acr_claim,
            access_token=answer.access_token,
            now=now,
        )

    def _claims(
        self, token: VerifiedIdToken, answer: TokenAnswer, about: ProviderMetadata
    ) -> Mapping[str, Json]:
        """The ID token's claims, with those of the user info endpoint where roles stand there."""
        here = has_roles(token.claims, self.settings.role_claim)
        if here or about.userinfo_endpoint is None:
            return token.claims
        headers = {
            "Authorization": f"Bearer {answer.access_token}",
            "Accept": "application/json",
        }
        response = self._fetch(HttpRequest("GET", about.userinfo_endpoint, headers))
        more = oidc.read_userinfo(response, expected_subject=token.subject)
        return {**more, **token.claims}

    def _jwks(self, about: ProviderMetadata, now: datetime) -> ProviderKeys:
        with self._lock:
            held = self._keys
        if held is not None and now - held[0] < FRESH:
            return held[1]
        found = oidc.read_jwks(self._get(about.jwks_uri, "oidc.jwks").body)
        with self._lock:
            self._keys = (now, found)
        return found

    def _may_look_again(self, now: datetime) -> bool:
        """Let go of the keys, if they were not fetched just now."""
        with self._lock:
            if self._keys is None or now - self._keys[0] < KEY_PAUSE:
                return False
            self._keys = None
            return True

    def _get(self, url: str, code: str) -> HttpResponse:
        response = self._fetch(HttpRequest("GET", url, {"Accept": "application/json"}))
        if response.status != OK:
            raise ProtocolError(code, f"it answered {response.status}")
        return response

    def _fetch(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._fetcher.fetch(request)
        except FetchError as error:
            if error.code == "ssrf.blocked":
                detail = f"its address is private: {self.settings.hosts_setting}"
                raise ServiceError("staff.setup", detail) from error
            raise ServiceError("staff.offline", error.code) from error


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
