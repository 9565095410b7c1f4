"""Signing in at a surgery: the request that is pushed, and what the browser brings back.

OpenID4VCI 1.0 section 5, RFC 9126, RFC 7636 (S256), RFC 9207, RFC 9449 section 10. Rules: state,
verifier and key are new for each sign-in; who answers is checked before anything of the answer is
used, so that a code goes to nobody but the server that was asked (mix-up, RFC 9700 section 4.4).
What is *not* here: where a sign-in is remembered, and that a state works once (``wallet.service``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols.oid4vci import (
    AuthorizationDetail,
    AuthorizationServerMetadata,
    CodeRequest,
    PushedRequest,
    SignInOffer,
    parse_pushed_response,
)
from healthpassport.protocols.oidc import code_challenge

from .access import Access, Caller, at_server, bound
from .attesting import may_attest, must_attest
from .exchange import SUCCESS, error_name, refusal, understood
from .offers import OpenedOffer

STATE_BYTES: Final = 32
VERIFIER_BYTES: Final = 48  # RFC 7636 section 4.1: 43 to 128 characters
MAX_ANSWER: Final = 16_384  # characters of an address that a browser brings back
MAX_CODE: Final = 2_048
DETAILS: Final = "openid_credential"
_PASSING: Final = frozenset({"temporarily_unavailable", "server_error"})  # RFC 6749, 4.1.2.1


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: what proves later that its answer is ours.

    ``server`` is the issuer identifier of the authorization server that was asked.
    """

    server: str
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def begin(
    opened: OpenedOffer, *, client_id: str, redirect_uri: str, caller: Caller
) -> tuple[Begun, str]:
    """Push a request for what is offered; the sign-in, and the address for the browser.

    Raises:
        ServiceError: ``wallet.offer_unsupported`` for a server that cannot do it safely,
            ``wallet.attestation_needed``, ``wallet.not_known`` where it does not take this wallet,
            ``wallet.offer_gone``, ``wallet.issuer_failed``.
    """
    server = opened.server
    page, push = usable(server)
    if caller.attested is None and must_attest(server, signs_in=True):
        raise ServiceError("wallet.attestation_needed")
    begun = Begun(
        server=server.issuer,
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=b64url_encode(caller.random(STATE_BYTES)),
        verifier=b64url_encode(caller.random(VERIFIER_BYTES)),
    )
    request = _request(opened, begun, caller)
    response = at_server(caller, push, request.wire())
    if response.status not in SUCCESS:
        name = error_name(response)
        codes = {"invalid_client": _unknown(caller, server), "invalid_request": "wallet.offer_gone"}
        codes["invalid_redirect_uri"] = codes["unauthorized_client"] = "wallet.not_known"
        raise refusal(response, code=codes.get(name, "wallet.issuer_failed"))
    pushed = understood(parse_pushed_response, response)
    told = urlencode({"client_id": client_id, "request_uri": pushed.request_uri})
    return begun, page + ("&" if urlsplit(page).query else "?") + told


def usable(server: AuthorizationServerMetadata) -> tuple[str, str]:
    """Where the browser goes, and where requests are pushed.

    Raises:
        ServiceError: ``wallet.offer_unsupported`` where the server lacks one of the guards that
            HAIP 1.0 section 4 asks of it.
    """
    page = server.authorization_endpoint
    push = server.pushed_authorization_request_endpoint
    if page is None or push is None:
        raise ServiceError("wallet.offer_unsupported", "nobody can sign in at the server")
    if "S256" not in server.code_challenge_methods_supported:
        raise ServiceError("wallet.offer_unsupported", "the server does not bind codes (PKCE)")
    if server.authorization_response_iss_parameter_supported is not True:
        raise ServiceError("wallet.offer_unsupported", "the server does not say that it answers")
    return page, push


def read_answer(address: str) -> Mapping[str, str]:
    """What stands in the address that the browser was sent back to, or in its query alone.

    Raises:
        ServiceError: ``wallet.sign_in_answer`` where something stands there twice, or nothing.
    """
    address = address.strip()
    if len(address) > MAX_ANSWER:
        raise ServiceError("wallet.sign_in_answer", "it is too long")
    try:
        query = urlsplit(address).query if "?" in address else address
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=16, errors="strict")
    except ValueError as error:
        raise ServiceError("wallet.sign_in_answer", "it cannot be read") from error
    found = dict(pairs)
    if not found or len(found) != len(pairs):  # RFC 6749 section 3.1
        raise ServiceError("wallet.sign_in_answer", "it says nothing, or something twice")
    return found


def code_of(answer: Mapping[str, str], begun: Begun) -> str:
    """The code in ``answer`` to the sign-in ``begun``, whose state it has.

    Raises:
        ServiceError: ``wallet.sign_in_answer`` from anybody but the server that was asked (RFC
            9207 section 2.4), ``wallet.sign_in_declined``, ``wallet.sign_in_later``,
            ``wallet.sign_in_refused`` for another error.
    """
    if answer.get("iss") != begun.server or answer.get("state") != begun.state:
        raise ServiceError("wallet.sign_in_answer", "another server answered")
    name = answer.get("error")
    if name == "access_denied":
        raise ServiceError("wallet.sign_in_declined")
    if name is not None:
        raise ServiceError("wallet.sign_in_later" if name in _PASSING else "wallet.sign_in_refused")
    code = answer.get("code", "")
    if not 0 < len(code) <= MAX_CODE or not code.isascii():
        raise ServiceError("wallet.sign_in_answer", "there is no code")
    return code


def by_sign_in(
    caller: Caller, server: AuthorizationServerMetadata, *, begun: Begun, code: str
) -> Access:
    """Access by the code of a sign-in (RFC 6749 section 4.1.3), bound to the caller's key.

    Raises:
        ServiceError: ``wallet.sign_in_unknown`` where the code is no good (any more),
            ``wallet.not_known``, ``wallet.issuer_failed``.
    """
    if server.issuer != begun.server:  # the offer leads elsewhere since
        raise ServiceError("wallet.sign_in_answer", "another server was asked")
    request = CodeRequest(
        code=code,
        redirect_uri=begun.redirect_uri,
        code_verifier=begun.verifier,
        client_id=begun.client_id,
    )
    response = at_server(caller, server.token_endpoint, request.wire())
    if response.status not in SUCCESS:
        codes = {"invalid_grant": "wallet.sign_in_unknown"}
        codes["invalid_client"] = _unknown(caller, server)
        raise refusal(response, code=codes.get(error_name(response), "wallet.issuer_failed"))
    try:
        return bound(caller, response)
    except PassportError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error


def _request(opened: OpenedOffer, begun: Begun, caller: Caller) -> PushedRequest:
    """By details where the server knows them (section 5.1.1), else by scope (section 5.1.2)."""
    offer, names = opened.offer, tuple(opened.wanted)
    by_details = DETAILS in opened.server.authorization_details_types_supported
    given = opened.issuer.credential_configurations_supported
    scopes = [given[name].scope or "" for name in names]
    if not by_details and not all(scopes):
        raise ServiceError("wallet.offer_unsupported", "the server gives no way to ask for it")
    # Sections 5.1.1 and 5.1.2: a server of several issuers is told which of them is meant.
    shared = bool(opened.issuer.authorization_servers)
    details = tuple(
        AuthorizationDetail(
            type="openid_credential",
            credential_configuration_id=name,
            locations=(opened.issuer.credential_issuer,) if shared else None,
        )
        for name in names
    )
    state = offer.grants.authorization_code.issuer_state if isinstance(offer, SignInOffer) else None
    return PushedRequest(
        response_type="code",
        client_id=begun.client_id,
        redirect_uri=begun.redirect_uri,
        code_challenge=code_challenge(begun.verifier),
        code_challenge_method="S256",
        state=begun.state,
        scope="" if by_details else " ".join(dict.fromkeys(scopes)),
        resource=opened.issuer.credential_issuer if shared and not by_details else None,
        issuer_state=state,
        dpop_jkt=_thumbprint(caller),
        authorization_details=details if by_details else (),
    )


def _unknown(caller: Caller, server: AuthorizationServerMetadata) -> str:
    """What ``invalid_client`` means: an attestation is missing, or this wallet is not believed."""
    missing = caller.attested is None and may_attest(server)
    return "wallet.attestation_needed" if missing else "wallet.not_known"


def _thumbprint(caller: Caller) -> str:
    """RFC 9449 section 10: the code is for this key alone."""
    return caller.signer.public_key.thumbprint()
