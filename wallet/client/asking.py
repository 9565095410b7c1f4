"""Fetching and checking a presentation request (OpenID4VP 1.0 sections 5.10 and 5).

Nothing of a request is shown to a person before ``healthpassport.requests`` has verified it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from healthpassport.dids.web import PREFIX as WEB
from healthpassport.dids.web import document_url
from healthpassport.encoding import Json, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import RequestError
from healthpassport.fetch import Fetcher, HttpResponse, refuse_inside
from healthpassport.jose.jwe import ALGORITHM, ENCRYPTIONS
from healthpassport.protocols.oid4vp import RequestLink, looks_like_code
from healthpassport.protocols.oid4vp.request import VP_FORMATS
from healthpassport.requests import (
    ALGORITHMS,
    DID,
    VerifiedRequest,
    check_asker,
    verify_request,
)
from healthpassport.trust.model import TrustedVerifier, TrustView

from .codes import NO_LONGER_ASKED, link_of_code
from .exchange import OK, get, post_form, refusal

REQUEST_TYPE: Final = "application/oauth-authz-req+jwt"  # section 5.10, RFC 9101 section 10.7
NONCE_BYTES: Final = 16
# Section 10: what this wallet can do, told with request_uri_method=post.
METADATA: Final[dict[str, Json]] = {
    "vp_formats_supported": dict(VP_FORMATS),
    "client_id_prefixes_supported": ["x509_hash", "x509_san_dns", "decentralized_identifier"],
    "request_object_signing_alg_values_supported": list(ALGORITHMS),
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
    """The request behind ``text``, a link or a code that a person typed, verified.

    Raises:
        RequestError, TrustError and others: see ``healthpassport.requests.verify_request``.
        ServiceError: ``wallet.verifier_failed`` when the desk does not give its request, or the
            desk's own code where it says why it no longer asks (``NO_LONGER_ASKED``).
        FetchError: of the fetcher.
    """
    if looks_like_code(text):
        text = link_of_code(text, trust=trust, now=now, fetcher=fetcher)
    link = RequestLink.parse(text)
    by_value = bool(link.request)
    if not by_value:
        refuse_inside(link.request_uri)
    # A stranger is turned away before anything of theirs is fetched, and learns of nobody.
    known = check_asker(link.client_id, trust, now)
    nonce = b64url_encode(random(NONCE_BYTES)) if link.method == "post" else None
    return verify_request(
        request_object=link.request if by_value else _fetched(link, nonce, fetcher),
        client_id=link.client_id,
        trust=trust,
        now=now,
        wallet_nonce=nonce,
        request_uri=None if by_value else link.request_uri,
        did_documents=_documents(known, link, fetcher),
    )


def _fetched(link: RequestLink, nonce: str | None, fetcher: Fetcher) -> str:
    """The request object at the address of ``link``, not verified yet."""
    response = _fetch(link, nonce, fetcher)
    if response.status != OK:
        raise refusal(response, code="wallet.verifier_failed", known=NO_LONGER_ASKED)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != REQUEST_TYPE:
        raise RequestError("request.unsigned", "the answer is no signed request object")
    try:
        return response.body.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise RequestError("request.unsigned", "the answer is no signed request object") from error


def _fetch(link: RequestLink, nonce: str | None, fetcher: Fetcher) -> HttpResponse:
    """Section 5.10: GET, or POST with the wallet's metadata and a nonce of its own."""
    if nonce is None:
        return get(fetcher, link.request_uri, accept=REQUEST_TYPE)
    form = {"wallet_metadata": dump_json(METADATA).decode(), "wallet_nonce": nonce}
    return post_form(fetcher, link.request_uri, form, Accept=REQUEST_TYPE)


def _documents(
    known: TrustedVerifier | None, link: RequestLink, fetcher: Fetcher
) -> Mapping[str, Json]:
    """The DID document of a did:web that the list names; other methods hold their own key."""
    did = link.client_id.removeprefix(f"{DID}:")
    if known is None or not did.startswith(WEB):
        return {}
    response = get(fetcher, document_url(did))
    if response.status != OK:
        raise refusal(response, code="wallet.verifier_failed")
    return {did: parse_json_object(response.body)}
