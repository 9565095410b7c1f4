"""An app and the OpenID provider that it trusts: description, keys, and a code for who signed in.

Rules: description and keys are held for a while; nothing is asked while somebody is signed in, so
that an app without a network goes on; a key that is not known is looked for once, and not again
for a minute; tokens are used at once and kept nowhere. What is *not* here: what an app asks of its
staff (``provider``) or of patients, sessions (``steps``) and the checks (``protocols.oidc``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import FetchError, ProtocolError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.protocols import oidc
from healthpassport.protocols.oidc import (
    ALGORITHMS,
    ClientCredentials,
    ProviderKeys,
    ProviderMetadata,
    TokenAnswer,
    VerifiedIdToken,
)

FRESH: Final = timedelta(hours=1)  # of description and keys
KEY_PAUSE: Final = timedelta(minutes=1)
OK: Final = 200


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for, with everything that it says of them."""

    subject: str
    claims: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Demands:
    """What an app asks of its provider's answers.

    ``client_audience`` is ``issuer`` or ``token_endpoint``: to whom the app proves who it is.
    """

    issuer: str
    client_audience: str = "issuer"
    acrs: Collection[str] = ()
    acr_claim: str = "acr"
    algorithms: Collection[str] = ALGORITHMS
    pkce_required: bool = True


class Exchange:
    """One app at one provider."""

    def __init__(
        self,
        demands: Demands,
        client: ClientCredentials,
        fetcher: Fetcher,
        unreachable: Callable[[FetchError], ServiceError],
    ) -> None:
        """``unreachable`` gives the app's own refusal for a provider that cannot be asked."""
        self.client_id = client.client_id
        self._demands = demands
        self._client = client
        self._fetcher = fetcher
        self._unreachable = unreachable
        self._lock = Lock()
        self._metadata: tuple[datetime, ProviderMetadata] | None = None
        self._keys: tuple[datetime, ProviderKeys] | None = None

    def metadata(self, now: datetime) -> ProviderMetadata:
        """The provider's description, not older than ``FRESH``.

        Raises:
            ServiceError: the app's own, where it cannot be reached.
            ProtocolError: ``oidc.metadata``, ``oidc.issuer``.
        """
        with self._lock:
            held = self._metadata
        if held is not None and now - held[0] < FRESH:
            return held[1]
        issuer = self._demands.issuer
        found = oidc.read_metadata(
            self._get(oidc.discovery_url(issuer), "oidc.metadata").body,
            expected_issuer=issuer,
            pkce_required=self._demands.pkce_required,
        )
        with self._lock:
            self._metadata = (now, found)
        return found

    def run(
        self,
        code: str,
        *,
        verifier: str,
        nonce: str,
        redirect_uri: str,
        now: datetime,
        jti: str,
        enough: Callable[[Mapping[str, Json]], bool],
    ) -> Vouched:
        """Whom ``code`` stands for, after every check.

        Args:
            code: as the provider handed it out.
            verifier: of PKCE, as ``nonce`` of this sign-in alone.
            nonce: which the ID token must bear.
            redirect_uri: as it was in the request.
            now: aware.
            jti: of the app's own proof, used once.
            enough: whether the claims of an ID token say all that the app needs; where they do
                not, the user info endpoint is asked.

        Raises:
            ServiceError: the app's own, where the provider cannot be reached.
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
        if enough(token.claims) or about.userinfo_endpoint is None:
            return Vouched(token.subject, token.claims)
        more = self._userinfo(about.userinfo_endpoint, answer, token.subject)
        return Vouched(token.subject, {**more, **token.claims})

    def _client_of(self, about: ProviderMetadata) -> ClientCredentials:
        issuer = self._demands.client_audience == "issuer"
        return replace(self._client, audience=about.issuer if issuer else about.token_endpoint)

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
        return oidc.verify_id_token(
            answer.id_token,
            keys=keys,
            expected_issuer=self._demands.issuer,
            expected_client_id=self.client_id,
            expected_nonce=nonce,
            expected_algorithms=self._demands.algorithms,
            expected_acrs=self._demands.acrs,
            acr_claim=self._demands.acr_claim,
            access_token=answer.access_token,
            now=now,
        )

    def _userinfo(self, url: str, answer: TokenAnswer, subject: str) -> Mapping[str, Json]:
        headers = {"Authorization": f"Bearer {answer.access_token}", "Accept": "application/json"}
        response = self._fetch(HttpRequest("GET", url, headers))
        return oidc.read_userinfo(response, expected_subject=subject)

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
            raise self._unreachable(error) from error
