"""From the bytes of a presentation request to a ``VerifiedRequest``: who asks, why, and for what.

``verify_request`` is one numbered list after OpenID4VP 1.0 section 5, HAIP 1.0 section 5 and RFC
9101 section 6. A wallet shows a person nothing of a request that did not pass it. What is *not*
here: fetching the request, matching it with records, and asking the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from healthpassport.dids import resolve
from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import (
    EncodingError,
    JoseError,
    RequestError,
    TrustError,
)
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys import PublicKey
from healthpassport.keys.x509 import validate_chain, x509_hash
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import REQUEST_OBJECT_TYPE, RequestObject
from healthpassport.requests.asked import over_asked
from healthpassport.trust import registration
from healthpassport.trust.model import TrustedVerifier, TrustView
from schemas.cards import CARD
from schemas.queries import card_template, registered_claims

MAX_AGE: Final = timedelta(hours=1)  # of a request by its iat, whatever its exp says
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7: the one that everybody must understand
REGISTRATION_TYPE: Final = "hp-registration+jwt"  # typ of what the authority signs
X509_HASH: Final = "x509_hash"
X509_SAN_DNS: Final = "x509_san_dns"
DID: Final = "decentralized_identifier"

# Section 5.9.3: the prefixes that we know and do not accept, with the reason in words.
REFUSED_PREFIXES: Final = {
    "redirect_uri": "such a request cannot be signed, so nobody can know who asks",
    "origin": "this name is reserved for browsers and never stands in a request",
    "openid_federation": "federations are not used here; the trust list says who may ask",
    "pre-registered": "nobody is registered in this wallet by hand",
}


_NO_DOCUMENTS: Final[Mapping[str, Json]] = MappingProxyType({})


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


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who signed: the entry of the list, the key, the hosts it answers for, its registered name."""

    verifier: TrustedVerifier
    key: PublicKey
    hosts: tuple[str, ...]
    registered: str


def check_asker(client_id: str, trust: TrustView, now: datetime) -> TrustedVerifier | None:
    """Who ``client_id`` would be, before anything is fetched: a stranger does not learn of us.

    None where only the request itself can tell (``x509_san_dns``).

    Raises:
        TrustError: ``trust.stale``, ``trust.verifier_unknown`` or ``trust.verifier_expired``.
        RequestError: ``request.client_id_prefix`` or ``request.attestation``.
    """
    # 1. A list that is too old vouches for nobody.
    if trust.stale:
        raise TrustError("trust.stale")
    # 2. The prefix is one that we can check (section 5.9.3).
    prefix, _, identifier = client_id.partition(":")
    _check_prefix(prefix, identifier)
    # 3. The list names whom the prefix names by itself (section 15.8.2: known before it is asked).
    if prefix == X509_HASH:
        return trust.trust_list.verifier(identifier, now)
    return trust.trust_list.verifier_by_did(identifier, now) if prefix == DID else None


def verify_request(
    *,
    request_object: str,
    client_id: str,
    trust: TrustView,
    now: datetime,
    wallet_nonce: str | None = None,
    request_uri: str | None = None,
    did_documents: Mapping[str, Json] = _NO_DOCUMENTS,
) -> VerifiedRequest:
    """The request in ``request_object``, once everything about it was checked.

    Args:
        request_object: the compact JWS that the request's address gave.
        client_id: who asks, as the link said.
        trust: the trust list as read.
        now: aware.
        wallet_nonce: the nonce that was sent along with POST (section 5.10), if any.
        request_uri: where the request came from, unless the link brought it.
        did_documents: the DID document of a did:web that asks, by its DID.

    Raises:
        RequestError: a ``request.`` code, ``invalid_request`` or ``invalid_transaction_data``.
        TrustError: ``trust.stale``, ``trust.verifier_unknown`` and others of the trust list.
        KeyMaterialError, JoseError, EncodingError, DidError: for certificate, signature, encoding
            and identifier.
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
    # 5. The list names whoever signed: by certificate and anchor, or by identifier and key.
    if prefix == DID:
        asker = _by_did(identifier, parsed, trust, now, did_documents)
    else:
        asker = _by_certificate(prefix, identifier, parsed.certificates(), trust, now)
    # 6. Signature by that key, typ and algorithm as expected (section 5, RFC 8725).
    jws.verify(
        parsed,
        key=asker.key,
        expected_typ=REQUEST_OBJECT_TYPE,
        expected_algorithms=ALGORITHMS,
    )
    # 7. Parameters. Those of the link are not looked at: only the object counts (section 5.10.1).
    request = RequestObject.parse(claims)
    # 8. Times, and the wallet's own nonce (section 5.10).
    _check_times(request, now)
    if wallet_nonce is not None and request.wallet_nonce != wallet_nonce:
        raise RequestError("request.wallet_nonce")
    # 9. The answer goes to a host of whoever asks (section 5.9.3 for x509_san_dns; for the others
    #    this is our policy, since any host could be named there), and so did the question come from
    #    one (section 15.8.2): nobody in between passes a question on.
    if request.response_host not in asker.hosts:
        raise RequestError("request.response_uri", "the answer would go to another host")
    if request_uri is not None and urlsplit(request_uri).hostname not in asker.hosts:
        raise RequestError("request.request_uri")
    # 10. What the authority registered: purpose, retention, and what may be asked (section 5.11).
    found = _registration(request, trust, asker.registered, now)
    return VerifiedRequest(
        client_id=client_id,
        name=asker.verifier.name,
        ods=asker.verifier.ods,
        purpose=found.purpose if found else None,
        retention=found.retention if found else None,
        query=request.query,
        nonce=request.nonce,
        state=request.state,
        response_uri=request.response_uri,
        encryption_jwk={**request.key.jwk, "kid": request.key.kid},
        encryption=request.key.encryption,
        over_asked=over_asked(request.query, _allowed(found, asker.verifier)),
        claims=claims,
        certificate_hash=asker.verifier.certificate_hash,
    )


def verify_issuer_request(
    *,
    request_object: str,
    expected_iss: str,
    trust: TrustView,
    now: datetime,
    wallet_nonce: str | None = None,
) -> VerifiedRequest:
    """The request by which an issuer asks for its own records, to make an emergency card of them.

    No verifier's entry entitles to it, and it entitles to nothing else: whoever may sign cards may
    ask for this one purpose, a wallet takes such a request from nobody but the issuer that it
    turned to, and shows it records of that issuer alone (docs/adr/0037).

    Args:
        request_object: the compact JWS that the issuer gave.
        expected_iss: the issuer that the wallet asked for a card.
        trust: the trust list as read.
        now: aware.
        wallet_nonce: the nonce that was sent along.

    Raises:
        as ``verify_request``; ``consent.blocked`` for a query beyond what a card can hold.
    """
    if trust.stale:
        raise TrustError("trust.stale")
    parsed = _parse(request_object)
    claims = parse_json_object(parsed.payload)
    issuer = trust.trust_list.issuer(expected_iss)
    host = urlsplit(expected_iss).hostname
    leaf = validate_chain(parsed.certificates(), anchors=issuer.anchors, at=now, expected_host=host)
    trust.trust_list.issuer_key(
        iss=expected_iss, thumbprint=leaf.public_key.thumbprint(), record_type=CARD, at=now
    )
    client_id = f"{X509_HASH}:{leaf.sha256}"
    if claims.get("client_id") != client_id:
        raise RequestError("request.client_id", "the issuer's certificate is another one")
    jws.verify(
        parsed,
        key=leaf.public_key,
        expected_typ=REQUEST_OBJECT_TYPE,
        expected_algorithms=(leaf.public_key.algorithm,),
    )
    request = RequestObject.parse(claims)
    _check_times(request, now)
    if wallet_nonce is not None and request.wallet_nonce != wallet_nonce:
        raise RequestError("request.wallet_nonce")
    if not request.response_uri.startswith(f"{expected_iss}/"):
        raise RequestError("request.response_uri", "the answer would go to another host")
    asked = card_template()
    allowed = {name: frozenset(paths) for name, paths in registered_claims(asked).items()}
    if beyond := over_asked(request.query, allowed):
        raise RequestError("consent.blocked", f"no card holds {', '.join(beyond)}")
    return VerifiedRequest(
        client_id=client_id,
        name=issuer.name,
        ods=issuer.ods,
        purpose=asked.purpose.id,
        retention=asked.purpose.retention["en"],
        query=request.query,
        nonce=request.nonce,
        state=request.state,
        response_uri=request.response_uri,
        encryption_jwk={**request.key.jwk, "kid": request.key.kid},
        encryption=request.key.encryption,
        over_asked=(),
        claims=claims,
        certificate_hash=leaf.sha256,
    )


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
    if prefix not in {X509_HASH, X509_SAN_DNS, DID} or not identifier:
        raise RequestError("request.client_id_prefix", "this way to say who asks is not known")


def _by_certificate(
    prefix: str, identifier: str, chain: tuple[bytes, ...], trust: TrustView, now: datetime
) -> _Asker:
    """The chain is good and ends at an anchor that the list names for this verifier."""
    if not chain:
        raise RequestError("request.unsigned", "the request object brings no certificate")
    verifier = trust.trust_list.verifier(x509_hash(chain[0]), now)
    leaf = validate_chain(chain, anchors=verifier.anchors, at=now, expected_host=None)
    # Section 5.9.3: the hash of the leaf, or one of its names, is the one that was given.
    if prefix == X509_HASH and identifier != leaf.sha256:
        raise RequestError("request.client_id", "the certificate is not the one that is named")
    if prefix == X509_SAN_DNS and identifier.lower() not in leaf.dns_names:
        raise RequestError("request.client_id", "the certificate is for another host")
    hosts = (identifier.lower(),) if prefix == X509_SAN_DNS else leaf.dns_names
    return _Asker(verifier, leaf.public_key, hosts, f"{X509_HASH}:{leaf.sha256}")


def _by_did(
    did: str,
    parsed: jws.ParsedJws,
    trust: TrustView,
    now: datetime,
    documents: Mapping[str, Json],
) -> _Asker:
    """Section 5.9.3: the key that ``kid`` names in the DID document, if the list names it too."""
    verifier = trust.trust_list.verifier_by_did(did, now)
    kid = parsed.header.get("kid")
    if not isinstance(kid, str):
        raise RequestError("request.client_id", "no kid says which key of the DID signed")
    url = f"{did}{kid}" if kid.startswith("#") else kid
    if url.partition("#")[0] != did:
        raise RequestError("request.client_id", "the key is of another DID")
    key = resolve(url, documents=documents, now=now).public_key
    if verifier.did is None or key.thumbprint() != verifier.did.thumbprint:
        raise TrustError("trust.key_unknown")
    host = verifier.host
    hosts = () if host is None else (host,)
    return _Asker(verifier, key, hosts, f"{X509_HASH}:{verifier.certificate_hash}")


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


def _registration(
    request: RequestObject, trust: TrustView, registered: str, now: datetime
) -> registration.Registration | None:
    """The first registration of our kind; another kind of attestation is ignored (5.11).

    The authority registers certificates, so it is their hash that counts under every prefix.
    """
    for token in request.registrations:
        if _typ(token) == REGISTRATION_TYPE:
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
