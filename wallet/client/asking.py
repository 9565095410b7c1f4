"""Fetching and checking a presentation request (OpenID4VP 1.0 sections 5.10 and 5).

Nothing of a request is shown to a person before ``healthpassport.requests`` has verified it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json
from healthpassport.errors import RequestError
from healthpassport.fetch import Fetcher, HttpResponse
from healthpassport.jose.jwe import ALGORITHM, ENCRYPTIONS
from healthpassport.protocols.oid4vp import RequestLink
from healthpassport.protocols.oid4vp.request import VP_FORMATS
from healthpassport.requests import VerifiedRequest, verify_request
from healthpassport.trust.model import TrustView

from .exchange import OK, get, post_form, refusal

REQUEST_TYPE: Final = "application/oauth-authz-req+jwt"  # section 5.10, RFC 9101 section 10.7
NONCE_BYTES: Final = 16
# What a desk may say of its own question; each has words of its own for the patient.
NO_LONGER_ASKED: Final = ("transaction.unknown", "transaction.closed", "transaction.expired")
# Section 10: what this wallet can do, told with request_uri_method=post.
METADATA: Final[dict[str, Json]] = {
    "vp_formats_supported": dict(VP_FORMATS),
    "client_id_prefixes_supported": ["x509_hash", "x509_san_dns"],
    "authorization_encryption_alg_values_supported": [ALGORITHM],
    "authorization_encryption_enc_values_supported": list(ENCRYPTIONS),
}


def read_request(
    text: str,
    *,
    fetcher: Fetcher,
    trust: TrustView,
    now: datetime,
    random: Callable[[int], bytes],
) -> VerifiedRequest:
    """The request behind the link ``text``, verified.

    Raises:
        RequestError, TrustError and others: see ``healthpassport.requests.verify_request``.
        ServiceError: ``wallet.verifier_failed`` when the desk does not give its request, or the
            desk's own code where it says why it no longer asks (``NO_LONGER_ASKED``).
        FetchError: of the fetcher.
    """
    link = RequestLink.parse(text)
    nonce = b64url_encode(random(NONCE_BYTES)) if link.method == "post" else None
    response = _fetch(link, nonce, fetcher)
    if response.status != OK:
        raise refusal(response, code="wallet.verifier_failed", known=NO_LONGER_ASKED)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != REQUEST_TYPE:
        raise RequestError("request.unsigned", "the answer is no signed request object")
    try:
        request_object = response.body.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise RequestError("request.unsigned", "the answer is no signed request object") from error
    return verify_request(
        request_object=request_object,
        client_id=link.client_id,
        trust=trust,
        now=now,
        wallet_nonce=nonce,
    )


def _fetch(link: RequestLink, nonce: str | None, fetcher: Fetcher) -> HttpResponse:
    """Section 5.10: GET, or POST with the wallet's metadata and a nonce of its own."""
    if nonce is None:
        return get(fetcher, link.request_uri, accept=REQUEST_TYPE)
    form = {"wallet_metadata": dump_json(METADATA).decode(), "wallet_nonce": nonce}
    return post_form(fetcher, link.request_uri, form, Accept=REQUEST_TYPE)
