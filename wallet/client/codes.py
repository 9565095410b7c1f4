"""From a code that a person typed to the link of the question behind it.

Rules: only an address that the trust list names for the organisation in the code is ever asked, so
a wrong code reaches nobody, or at worst another hospital of the list, which learns nothing of it;
what comes back must be a request of that very organisation. What is *not* here: the request itself
(``asking``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, RequestError, ServiceError, TrustError
from healthpassport.fetch import Fetcher, HttpResponse
from healthpassport.protocols.oid4vp import RequestLink, folded, read_code
from healthpassport.trust.model import TrustedVerifier, TrustView

from .exchange import OK, get, refusal

PATH: Final = "/oid4vp/codes/"
MAX_DESKS: Final = 8  # addresses of one organisation that are asked one after the other
UNKNOWN: Final = "transaction.unknown"
NO_LONGER_ASKED: Final = (UNKNOWN, "transaction.closed", "transaction.expired")


def link_of_code(text: str, *, trust: TrustView, now: datetime, fetcher: Fetcher) -> str:
    """The request link behind the code ``text``.

    Raises:
        RequestError: ``request.code`` for a code with a wrong letter, before anything is sent;
            ``request.code_unknown`` where the list names no such organisation, or no address of it.
        TrustError: ``trust.stale``.
        ServiceError: why the desk no longer asks, or ``wallet.verifier_failed``.
        FetchError: of the fetcher.
    """
    code = read_code(text)
    if trust.stale:
        raise TrustError("trust.stale")
    desks = [
        entry
        for entry in trust.trust_list.verifiers
        if folded(entry.ods) == code.organisation
        and entry.address is not None
        and entry.not_before <= now < entry.not_after
    ]
    # Two codes that look alike and belong to two organisations: nobody is asked.
    if len({entry.ods for entry in desks}) != 1:
        raise RequestError("request.code_unknown")
    for address in dict.fromkeys(entry.address for entry in desks[:MAX_DESKS]):
        response = get(fetcher, f"{address}{PATH}{code.question}")
        if response.status == OK:
            return _link(response, [e for e in desks if e.address == address])
        error = refusal(response, code="wallet.verifier_failed", known=NO_LONGER_ASKED)
        if error.code != UNKNOWN:
            raise error
    raise ServiceError(UNKNOWN)


def _link(response: HttpResponse, desks: Sequence[TrustedVerifier]) -> str:
    """The link that was answered, if it is one of the very organisation that was asked."""
    try:
        link = parse_json_object(response.body).get("link")
    except EncodingError as error:
        raise ServiceError("wallet.verifier_failed", error.code) from error
    if not isinstance(link, str):
        raise ServiceError("wallet.verifier_failed", "the answer holds no link")
    names = {f"x509_hash:{entry.certificate_hash}" for entry in desks}
    names |= {f"x509_san_dns:{entry.host}" for entry in desks}
    names |= {f"decentralized_identifier:{entry.did.id}" for entry in desks if entry.did}
    if RequestLink.parse(link).client_id not in names:
        raise RequestError("request.client_id", "the code led to somebody else")
    return link
