"""Whether a record that came may be kept: signed by whom the trust list names, ours, and whole.

The same questions as at a desk, asked on receipt, so that a person learns of a bad record at the
surgery and not in a hospital. What is *not* here: status lists (a record is fresh when it comes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from healthpassport.credential import VerifiedIssuer
from healthpassport.encoding import Json
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    JoseError,
    KeyMaterialError,
    RecordError,
    ServiceError,
    TrustError,
)
from healthpassport.formats import sd_jwt_vc
from healthpassport.jose.times import numeric_date
from healthpassport.keys import PublicKey, SoftwareSigner, public_key_from_jwk
from healthpassport.keys.x509 import validate_chain
from healthpassport.summary import DisclosedRecord, RecordDefinition, from_payload
from healthpassport.trust.model import TrustedIssuer, TrustView
from schemas.definitions import FORMAT_MEMBERS

from .collecting import Collected


@dataclass(frozen=True, slots=True)
class CheckedCopy:
    """One copy and the key it is bound to."""

    text: str
    key: SoftwareSigner = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """A record that may be kept: its content in plain form, and its copies.

    ``issuer`` is as the trust list names it, or the wallet's owner for their own words.
    """

    definition: RecordDefinition
    issuer: VerifiedIssuer
    payload: Mapping[str, Json]
    record: DisclosedRecord
    issued_at: datetime
    expires_at: datetime
    copies: tuple[CheckedCopy, ...]


def check_collected(collected: Collected, *, trust: TrustView, now: datetime) -> CheckedRecord:
    """``collected`` as a record to keep.

    Raises:
        TrustError, KeyMaterialError: when the trust list does not name the issuer, its key or its
            certificate for this type (``trust.`` and ``x509.`` codes).
        ServiceError: ``wallet.credential_rejected`` for everything else, with the inner code.
    """
    if trust.stale:
        raise TrustError("trust.stale")
    if len(collected.texts) > len(collected.keys):
        raise _rejected("more records came than were asked for")
    try:
        return _checked(collected, trust, now)
    except KeyMaterialError as error:
        if error.code.startswith("x509."):
            raise
        raise _rejected(error.code) from error
    except (CredentialError, EncodingError, JoseError, RecordError) as error:
        raise _rejected(error.code) from error


def _checked(collected: Collected, trust: TrustView, now: datetime) -> CheckedRecord:
    by_thumbprint = {key.public_key.thumbprint(): key for key in collected.keys}
    copies: list[CheckedCopy] = []
    payloads: list[Mapping[str, Json]] = []
    issuers: list[TrustedIssuer] = []
    for text in collected.texts:
        parsed = sd_jwt_vc.parse(text)
        if parsed.vct != collected.definition.vct:
            raise _rejected("sdjwtvc.vct: it is of another type than was asked for")
        issuer, key = _issuer_key(parsed, collected.definition, trust, now)
        signer = by_thumbprint.pop(_holder_thumbprint(parsed.payload), None)
        if signer is None:
            raise CredentialError("sdjwt.cnf_not_mine")
        held = sd_jwt_vc.read_held(text, issuer_key=key, holder_key=signer.public_key, now=now)
        copies.append(CheckedCopy(text, signer))
        payloads.append(held.payload)
        issuers.append(issuer)
    record = _one_record(payloads)
    return CheckedRecord(
        definition=collected.definition,
        issuer=VerifiedIssuer(issuers[0].iss, issuers[0].ods, issuers[0].name),
        payload=payloads[0],
        record=record,
        issued_at=_time(payloads[0], "iat"),
        expires_at=min(_time(payload, "exp") for payload in payloads),
        copies=tuple(copies),
    )


def _issuer_key(
    parsed: sd_jwt_vc.ParsedSdJwt,
    definition: RecordDefinition,
    trust: TrustView,
    now: datetime,
) -> tuple[TrustedIssuer, PublicKey]:
    """The list decides (architecture.md): issuer, key, record type and date must match an entry."""
    iss = parsed.iss or ""
    signed_at = numeric_date(parsed.payload, "iat") or now
    issuer = trust.trust_list.issuer(iss)
    leaf = validate_chain(
        parsed.certificates(),
        anchors=issuer.anchors,
        at=signed_at,
        expected_host=urlsplit(iss).hostname,
    )
    issuer, key = trust.trust_list.issuer_key(
        iss=iss,
        thumbprint=leaf.public_key.thumbprint(),
        record_type=definition.type,
        at=signed_at,
    )
    return issuer, key.public_key


def _holder_thumbprint(payload: Mapping[str, Json]) -> str:
    confirmation = payload.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, Mapping) else None
    if not isinstance(jwk, Mapping):
        raise CredentialError("sdjwt.cnf_not_mine")
    return public_key_from_jwk(jwk).thumbprint()


def _one_record(payloads: list[Mapping[str, Json]]) -> DisclosedRecord:
    """All copies say the same, and say all of it: nothing was held back from its own holder."""
    contents = [
        {name: value for name, value in payload.items() if name not in FORMAT_MEMBERS}
        for payload in payloads
    ]
    if any(content != contents[0] for content in contents):
        raise _rejected("the copies of one record differ")
    record = from_payload(payloads[0])
    if not record.complete:
        raise _rejected("a part of the record was held back")
    return record


def _time(payload: Mapping[str, Json], name: str) -> datetime:
    found = numeric_date(payload, name)
    if found is None:
        raise CredentialError("cred.time_type", f"{name} is missing")
    return found


def _rejected(reason: str) -> ServiceError:
    return ServiceError("wallet.credential_rejected", reason)
