"""The service at which patients sign in: its description and keys, and what it says of a patient.

Rules: both are held for a while; a key that is not known is looked for once, and not again for a
minute; tokens are used at once and kept nowhere. What is *not* here: the checks
(``healthpassport.protocols.oidc``) and whose records they are (``finding_patients``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.encoding import Json, dump_text
from healthpassport.errors import (
    FetchError,
    KeyMaterialError,
    ProtocolError,
    ServiceError,
    SettingsError,
)
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse, HttpsFetcher
from healthpassport.keys.files import refuse_open
from healthpassport.keys.signer import Signer, signer_from_pem
from healthpassport.protocols import oidc
from healthpassport.protocols.oidc import (
    ClientAuthentication,
    ClientCredentials,
    ProviderKeys,
    ProviderMetadata,
    RsaClientKey,
    TokenAnswer,
    VerifiedIdToken,
)
from issuer.settings import Settings

FRESH: Final = timedelta(hours=1)  # of description and keys
KEY_PAUSE: Final = timedelta(minutes=1)
OK: Final = 200
PREFIX: Final = "PASSPORT_ISSUER_PATIENT_SIGN_IN_"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is new for each way to the provider and back."""

    state: str
    nonce: str
    verifier: str


class PatientProvider:
    """The provider of one issuer."""

    def __init__(self, settings: Settings, client: ClientCredentials, fetcher: Fetcher) -> None:
        self._settings = settings
        self._client = client
        self._fetcher = fetcher
        self._lock = Lock()
        self._metadata: tuple[datetime, ProviderMetadata] | None = None
        self._keys: tuple[datetime, ProviderKeys] | None = None

    def metadata(self, now: datetime) -> ProviderMetadata:
        """Its description, not older than ``FRESH``.

        Raises:
            ServiceError: ``patient.offline`` where it cannot be reached.
            ProtocolError: ``oidc.metadata``, ``oidc.issuer``.
        """
        with self._lock:
            held = self._metadata
        if held is not None and now - held[0] < FRESH:
            return held[1]
        issuer = self._settings.patient_sign_in_issuer
        found = oidc.read_metadata(
            self._get(oidc.discovery_url(issuer), "oidc.metadata").body,
            expected_issuer=issuer,
            pkce_required=self._settings.patient_sign_in_pkce == "required",
        )
        with self._lock:
            self._metadata = (now, found)
        return found

    def address(self, leaving: Leaving, *, callback: str, language: str, now: datetime) -> str:
        """Where the browser goes to sign in.

        Raises:
            ServiceError, ProtocolError: as ``metadata``.
        """
        levels = self._settings.patient_sign_in_levels
        parameter = self._settings.patient_sign_in_level_parameter
        return oidc.authorization_url(
            self.metadata(now),
            client_id=self._client.client_id,
            redirect_uri=callback,
            state=leaving.state,
            nonce=leaving.nonce,
            verifier=leaving.verifier,
            scopes=self._settings.patient_sign_in_scopes,
            acr_values=levels if parameter == "acr_values" else (),
            language=language,
            # RFC 8485 section 4.1: a list of vectors, of which one has to be met.
            more={"vtr": dump_text(list(levels))} if parameter == "vtr" else None,
        )

    def exchange(
        self, code: str, *, leaving: Leaving, callback: str, now: datetime, jti: str
    ) -> Mapping[str, Json]:
        """What the provider says of whoever ``code`` stands for, after every check.

        Raises:
            ServiceError: ``patient.offline``.
            ProtocolError, JoseError, EncodingError: why nobody is signed in.
        """
        about = self.metadata(now)
        as_issuer = self._settings.patient_sign_in_client_audience == "issuer"
        audience = about.issuer if as_issuer else about.token_endpoint
        request = oidc.token_request(
            about.token_endpoint,
            code=code,
            verifier=leaving.verifier,
            redirect_uri=callback,
            client=replace(self._client, audience=audience),
            now=now,
            jti=jti,
        )
        answer = oidc.read_token_answer(self._fetch(request))
        token = self._checked(answer, about, leaving.nonce, now)
        return self._claims(token, answer, about)

    def _checked(
        self, answer: TokenAnswer, about: ProviderMetadata, nonce: str, now: datetime
    ) -> VerifiedIdToken:
        try:
            return self._verified(answer, self._jwks(about, now), nonce, now)
        except ProtocolError as error:
            # Core section 10.1.1: a key that is not known may be a new one.
            if error.code != "oidc.key_unknown" or not self._may_look_again(now):
                raise
        return self._verified(answer, self._jwks(about, now), nonce, now)

    def _verified(
        self, answer: TokenAnswer, keys: ProviderKeys, nonce: str, now: datetime
    ) -> VerifiedIdToken:
        settings = self._settings
        return oidc.verify_id_token(
            answer.id_token,
            keys=keys,
            expected_issuer=settings.patient_sign_in_issuer,
            expected_client_id=self._client.client_id,
            expected_nonce=nonce,
            expected_algorithms=settings.patient_sign_in_algorithms,
            expected_acrs=settings.patient_sign_in_levels,
            acr_claim=settings.patient_sign_in_level_claim,
            access_token=answer.access_token,
            now=now,
        )

    def _claims(
        self, token: VerifiedIdToken, answer: TokenAnswer, about: ProviderMetadata
    ) -> Mapping[str, Json]:
        """What the ID token says; what it does not, from the user info endpoint."""
        needed = {
            self._settings.patient_sign_in_nhs_number_claim,
            self._settings.patient_sign_in_birth_date_claim,
            self._settings.patient_sign_in_proofing_claim,
        }
        if needed <= token.claims.keys() or about.userinfo_endpoint is None:
            return token.claims
        headers = {"Authorization": f"Bearer {answer.access_token}", "Accept": "application/json"}
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
                raise ServiceError("patient.setup", f"{PREFIX}PRIVATE_HOSTS") from error
            raise ServiceError("patient.offline", error.code) from error


def open_patient_provider(settings: Settings, fetcher: Fetcher | None) -> PatientProvider | None:
    """The provider that ``settings`` name, None where patients do not sign in.

    Raises:
        SettingsError: ``patient.setup`` with the setting that is missing or cannot be used.
    """
    if not settings.signs_in_patients:
        return None
    way = ClientAuthentication(settings.patient_sign_in_client_auth)
    by_key = way is ClientAuthentication.PRIVATE_KEY
    client = ClientCredentials(
        settings.patient_sign_in_client_id,
        way,
        secret="" if by_key else _secret(settings),
        signer=_signer(settings) if by_key else None,
        kid=settings.patient_sign_in_client_kid,
    )
    own = fetcher or HttpsFetcher(
        ca_file=settings.patient_sign_in_ca_file,
        allowed_private_hosts=frozenset(
            host.lower() for host in settings.patient_sign_in_private_hosts
        ),
    )
    return PatientProvider(settings, client, own)


def _signer(settings: Settings) -> Signer | RsaClientKey:
    path, algorithm = settings.patient_sign_in_client_key, settings.patient_sign_in_client_algorithm
    if path is None:
        raise SettingsError("patient.setup", f"{PREFIX}CLIENT_KEY is empty")
    try:
        refuse_open(path)
        pem = path.read_bytes()
        signer = oidc.read_client_key(pem, algorithm=algorithm) or signer_from_pem(pem)
    except OSError as error:
        raise SettingsError("patient.setup", f"{PREFIX}CLIENT_KEY cannot be read") from error
    except KeyMaterialError as error:
        raise SettingsError("patient.setup", f"{PREFIX}CLIENT_KEY: {error}") from error
    if signer.algorithm != algorithm:
        raise SettingsError("patient.setup", f"{PREFIX}CLIENT_ALGORITHM does not fit the key")
    return signer


def _secret(settings: Settings) -> str:
    path = settings.patient_sign_in_client_secret_file
    if path is None:
        raise SettingsError("patient.setup", f"{PREFIX}CLIENT_SECRET_FILE is empty")
    try:
        secret = path.read_bytes().decode("utf-8", "replace").strip()
    except OSError as error:
        raise SettingsError("patient.setup", "the client secret cannot be read") from error
    if not secret:
        raise SettingsError("patient.setup", "the file of the client secret is empty")
    return secret
