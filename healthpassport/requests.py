"""From the bytes of a presentation request to a ``VerifiedRequest``: who asks, why, and for what.

``verify_request`` is one numbered list after OpenID4VP 1.0 section 5, HAIP 1.0 section 5 and RFC
9101 section 6. A wallet shows a person nothing of a request that did not pass it. What is *not*
here: fetching the request, matching it with records, and asking the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import (
    EncodingError,
    JoseError,
    RecordError,
    RequestError,
    TrustError,
)
from healthpassport.formats import FORMATS, format_named
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys.x509 import LeafCertificate, validate_chain, x509_hash
from healthpassport.protocols.dcql import CredentialQuery, Path, Query, dotted
from healthpassport.protocols.oid4vp import REQUEST_OBJECT_TYPE, RequestObject
from healthpassport.summary import definition_for_vct
from healthpassport.trust import registration
from healthpassport.trust.model import TrustedVerifier, TrustView
from schemas.definitions import SECOND_SIGNATURE

MAX_AGE: Final = timedelta(hours=1)  # of a request by its iat, whatever its exp says
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7: the one that everybody must understand
REGISTRATION_TYPE: Final = "hp-registration+jwt"  # typ of what the authority signs
X509_HASH: Final = "x509_hash"
X509_SAN_DNS: Final = "x509_san_dns"

# Section 5.9.3: the prefixes that we know and do not accept, with the reason in words.
REFUSED_PREFIXES: Final = {
    "redirect_uri": "such a request cannot be signed, so nobody can know who asks",
    "origin": "this name is reserved for browsers and never stands in a request",
    "openid_federation": "federations are not used here; the trust list says who may ask",
    "decentralized_identifier": "no identifier of this kind is on the trust list",
    "pre-registered": "nobody is registered in this wallet by hand",
}


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request whose sender the trust list names.

    ``purpose`` and ``retention`` come from the registration that the authority signed; without one
    both are None and everything counts as asked beyond what is allowed. ``over_asked`` names what
    was asked for beyond the purpose, as ``Type.claim.path`` or ``Type``. ``claims`` are those of
    the request object as signed, ``certificate_hash`` names the certificate that signed it.
    """

    client_id: str
    name: str
    ods: str
    purpose: str | None
    retention: str | None
    query: Query
    nonce: str
    state: str | None
    response_uri: str
    encryption_jwk: Mapping[str, Json]
    encryption: str
    over_asked: tuple[str, ...]
    claims: Mapping[str, Json] = field(repr=False)
    certificate_hash: str


def verify_request(
    *,
    request_object: str,
    client_id: str,
    trust: TrustView,
    now: datetime,
    wallet_nonce: str | None = None,
) -> VerifiedRequest:
    """The request in ``request_object``, once everything about it was checked.

    Args:
        request_object: the compact JWS that the request's address gave.
        client_id: who asks, as the link said.
        trust: the trust list as read.
        now: aware.
        wallet_nonce: the nonce that was sent along with POST (section 5.10), if any.

    Raises:
        RequestError: a ``request.`` code, ``invalid_request`` or ``invalid_transaction_data``.
        TrustError: ``trust.stale``, ``trust.verifier_unknown`` and others of the trust list.
        KeyMaterialError, JoseError, EncodingError: for certificate, signature and encoding.
    """
    # 1. A list that is too old vouches for nobody.
    if trust.stale:
        raise TrustError("trust.stale")
    # 2. Only a signed request object counts (RFC 9101 section 6.1; HAIP 1.0 section 5.1).
    parsed = _parse(request_object)
    claims = parse_json_object(parsed.payload)
    # 3. Link and request object name the same client_id, prefix included (section 5.10.1).
    if claims.get("client_id") != client_id:
        raise RequestError("request.client_id", "the link and the signed request differ")
    # 4. The prefix is one that we can check (section 5.9.3).
    prefix, _, identifier = client_id.partition(":")
    _check_prefix(prefix, identifier)
    # 5. The certificate chain is good and ends at an anchor that the list names for this verifier.
    verifier, leaf = _authenticate(parsed.certificates(), trust, now)
    _check_identifier(prefix, identifier, leaf)
    # 6. Signature by the leaf's key, typ and algorithm as expected (section 5, RFC 8725).
    jws.verify(
        parsed,
        key=leaf.public_key,
        expected_typ=REQUEST_OBJECT_TYPE,
        expected_algorithms=ALGORITHMS,
    )
    # 7. Parameters. Those of the link are not looked at: only the object counts (section 5.10.1).
    request = RequestObject.parse(claims)
    # 8. Times, and the wallet's own nonce (section 5.10).
    _check_times(request, now)
    if wallet_nonce is not None and request.wallet_nonce != wallet_nonce:
        raise RequestError("request.wallet_nonce")
    # 9. The answer goes to a host of the certificate (section 5.9.3 for x509_san_dns; for
    #    x509_hash this is our policy, since any host could be named there).
    _check_response_host(request, prefix, identifier, leaf)
    # 10. What the authority registered: purpose, retention, and what may be asked (section 5.11).
    found = _registration(request, trust, leaf, now)
    return VerifiedRequest(
        client_id=client_id,
        name=verifier.name,
        ods=verifier.ods,
        purpose=found.purpose if found else None,
        retention=found.retention if found else None,
        query=request.query,
        nonce=request.nonce,
        state=request.state,
        response_uri=request.response_uri,
        encryption_jwk={**request.key.jwk, "kid": request.key.kid},
        encryption=request.key.encryption,
        over_asked=over_asked(request.query, _allowed(found, verifier)),
        claims=claims,
        certificate_hash=leaf.sha256,
    )


def over_asked(query: Query, allowed: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """What ``query`` asks for beyond ``allowed``, claim paths by record type, in its order.

    An issuer's second signature may always be asked for: it tells nothing of the person.
    """
    beyond: dict[str, None] = {}
    for wanted in query.credentials:
        for name in _type_names(wanted):
            if name not in allowed:
                beyond[name] = None
            for path in (_registered(wanted, claim.path) for claim in wanted.claims):
                if path != SECOND_SIGNATURE and path not in allowed.get(name, frozenset()):
                    beyond[f"{name}.{path}"] = None
    return tuple(beyond)


def _registered(wanted: CredentialQuery, path: Path) -> str:
    """``path`` as registrations write it: names inside the record, whatever its format."""
    root = format_named(wanted.format).ROOT if wanted.format in FORMATS else ()
    inside = path[len(root) :] if path[: len(root)] == root else path
    return dotted(inside)


def _type_names(wanted: CredentialQuery) -> tuple[str, ...]:
    """The record types that are asked for; a type that we do not know keeps its own name."""
    return tuple(_type_name(name) for name in wanted.types) or (wanted.format,)


def _type_name(vct: str) -> str:
    try:
        return definition_for_vct(vct).type
    except RecordError:
        return vct


def _parse(request_object: str) -> jws.ParsedJws:
    try:
        parsed = jws.parse(request_object)
    except (JoseError, EncodingError) as error:
        if error.code in {"jws.syntax", "b64.not_canonical", "json.invalid"}:
            raise RequestError("request.unsigned", "this is no signed request object") from error
        raise
    if parsed.header.get("alg") == "none" or not parsed.signature:
        raise RequestError("request.unsigned", "the request object bears no signature")
    return parsed


def _check_prefix(prefix: str, identifier: str) -> None:
    if prefix == "verifier_attestation":
        raise RequestError("request.attestation")
    if reason := REFUSED_PREFIXES.get(prefix):
        raise RequestError("request.client_id_prefix", reason)
    if prefix not in {X509_HASH, X509_SAN_DNS} or not identifier:
        raise RequestError("request.client_id_prefix", "this way to say who asks is not known")


def _authenticate(
    chain: tuple[bytes, ...], trust: TrustView, now: datetime
) -> tuple[TrustedVerifier, LeafCertificate]:
    if not chain:
        raise RequestError("request.unsigned", "the request object brings no certificate")
    verifier = trust.trust_list.verifier(x509_hash(chain[0]), now)
    leaf = validate_chain(chain, anchors=verifier.anchors, at=now, expected_host=None)
    return verifier, leaf


def _check_identifier(prefix: str, identifier: str, leaf: LeafCertificate) -> None:
    """Section 5.9.3: the hash of the leaf, or one of its names, is the one that was given."""
    if prefix == X509_HASH and identifier != leaf.sha256:
        raise RequestError("request.client_id", "the certificate is not the one that is named")
    if prefix == X509_SAN_DNS and identifier.lower() not in leaf.dns_names:
        raise RequestError("request.client_id", "the certificate is for another host")


def _check_times(request: RequestObject, now: datetime) -> None:
    if request.expires_at is None and request.issued_at is None:
        raise RequestError("request.time", "the request says neither when it began nor ends")
    if request.expires_at is not None and now >= request.expires_at + CLOCK_SKEW:
        raise RequestError("request.time", "the request has expired")
    for begin in (request.issued_at, request.not_before):
        if begin is not None and begin > now + CLOCK_SKEW:
            raise RequestError("request.time", "the request lies in the future")
    if request.issued_at is not None and now - request.issued_at > MAX_AGE:
        raise RequestError("request.time", "the request is too old")


def _check_response_host(
    request: RequestObject, prefix: str, identifier: str, leaf: LeafCertificate
) -> None:
    host = request.response_host
    named = (identifier.lower(),) if prefix == X509_SAN_DNS else leaf.dns_names
    if host not in named:
        raise RequestError("request.response_uri", "the answer would go to another host")


def _registration(
    request: RequestObject, trust: TrustView, leaf: LeafCertificate, now: datetime
) -> registration.Registration | None:
    """The first registration of our kind; another kind of attestation is ignored (5.11).

    The authority registers certificates, so it is their hash that counts under either prefix.
    """
    for token in request.registrations:
        if _typ(token) == REGISTRATION_TYPE:
            registered = f"{X509_HASH}:{leaf.sha256}"
            return registration.verify(
                token, trust_list=trust.trust_list, client_id=registered, now=now
            )
    return None


def _typ(token: str) -> Json:
    """What an attestation says it is; one that cannot be read is none of ours."""
    try:
        return jws.parse(token).header.get("typ")
    except (JoseError, EncodingError):
        return None


def _allowed(
    found: registration.Registration | None, verifier: TrustedVerifier
) -> dict[str, frozenset[str]]:
    """What both the registration and the list allow: taking it off the list is enough."""
    listed = verifier.purposes.get(found.purpose) if found else None
    if found is None or listed is None:
        return {}
    return {
        name: frozenset(paths) & frozenset(listed.claims.get(name, ()))
        for name, paths in found.claims.items()
        if name in listed.claims
    }
