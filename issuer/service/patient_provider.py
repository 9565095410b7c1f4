"""The service at which patients sign in: where the browser goes, and what it says of a patient.

What is *not* here: the exchange and its checks (``healthpassport.sign_in``,
``healthpassport.protocols.oidc``) and whose records they are (``finding_patients``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, dump_text
from healthpassport.errors import (
    FetchError,
    KeyMaterialError,
    ServiceError,
    SettingsError,
)
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.keys.files import refuse_open
from healthpassport.keys.rsa import RsaClientKey, read_client_key
from healthpassport.keys.signer import Signer, signer_from_pem
from healthpassport.protocols import oidc
from healthpassport.protocols.oidc import (
    ClientAuthentication,
    ClientCredentials,
    ProviderMetadata,
)
from healthpassport.sign_in import Demands, Exchange
from issuer.settings import Settings

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
        demands = Demands(
            settings.patient_sign_in_issuer,
            client_audience=settings.patient_sign_in_client_audience,
            acrs=settings.patient_sign_in_levels,
            acr_claim=settings.patient_sign_in_level_claim,
            algorithms=settings.patient_sign_in_algorithms,
            pkce_required=settings.patient_sign_in_pkce == "required",
        )
        self._exchange = Exchange(demands, client, fetcher, _unreachable)

    def metadata(self, now: datetime) -> ProviderMetadata:
        """Its description, held for a while.

        Raises:
            ServiceError: ``patient.offline`` where it cannot be reached.
            ProtocolError: ``oidc.metadata``, ``oidc.issuer``.
        """
        return self._exchange.metadata(now)

    def address(self, leaving: Leaving, *, callback: str, language: str, now: datetime) -> str:
        """Where the browser goes to sign in.

        Raises:
            ServiceError, ProtocolError: as ``metadata``.
        """
        levels = self._settings.patient_sign_in_levels
        parameter = self._settings.patient_sign_in_level_parameter
        return oidc.authorization_url(
            self.metadata(now),
            client_id=self._exchange.client_id,
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
        settings = self._settings
        needed = {
            settings.patient_sign_in_nhs_number_claim,
            settings.patient_sign_in_birth_date_claim,
            settings.patient_sign_in_proofing_claim,
        }
        vouched = self._exchange.run(
            code,
            verifier=leaving.verifier,
            nonce=leaving.nonce,
            redirect_uri=callback,
            now=now,
            jti=jti,
            enough=lambda claims: needed <= claims.keys(),
        )
        return vouched.claims


def _unreachable(error: FetchError) -> ServiceError:
    if error.code == "ssrf.blocked":
        return ServiceError("patient.setup", f"{PREFIX}PRIVATE_HOSTS")
    return ServiceError("patient.offline", error.code)


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
        signer = read_client_key(pem, algorithm=algorithm) or signer_from_pem(pem)
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
