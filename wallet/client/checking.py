"""Whether a record that came may be kept: signed by whom the trust list names, ours, and whole.

The same questions as at a desk, asked on receipt, so that a person learns of a bad record at the
surgery and not in a hospital. What is *not* here: status lists (a record is fresh when it comes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from healthpassport.credential import VerifiedIssuer
from healthpassport.encoding import Json
from healthpassport.errors import (
    CredentialError,
    DidError,
    EncodingError,
    JoseError,
    KeyMaterialError,
    RecordError,
    ServiceError,
    TrustError,
)
from healthpassport.formats import HeldCredential, format_named
from healthpassport.keys import SoftwareSigner
from healthpassport.summary import DisclosedRecord, RecordDefinition, from_payload
from healthpassport.trust.model import TrustedIssuer, TrustView
from healthpassport.verification.issuer import trusted_issuer
from schemas.definitions import FORMAT_MEMBERS

from .collecting import Collected


@dataclass(frozen=True, slots=True)
class CheckedCopy:
    """One copy, its format, and the key it is bound to."""

    format: str
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


def check_collected(
    collected: Collected, *, trust: TrustView, now: datetime, whole: bool = True
) -> CheckedRecord:
    """``collected`` as a record to keep.

    Args:
        collected: as it came.
        trust: the trust list.
        now: the time of the check.
        whole: whether nothing of it may have been held back; of what another wallet lends, a part
            may be missing.

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
        return _checked(collected, trust, now, whole=whole)
    except KeyMaterialError as error:
        if error.code.startswith("x509."):
            raise
        raise _rejected(error.code) from error
    except (CredentialError, DidError, EncodingError, JoseError, RecordError) as error:
        raise _rejected(error.code) from error


def _checked(
    collected: Collected, trust: TrustView, now: datetime, *, whole: bool
) -> CheckedRecord:
    format_ = format_named(collected.format)
    by_thumbprint = {key.public_key.thumbprint(): key for key in collected.keys}
    copies: list[CheckedCopy] = []
    held: list[HeldCredential] = []
    issuers: list[TrustedIssuer] = []
    for text in collected.texts:
        parsed = format_.parse(text)
        if parsed.vct != collected.definition.vct:
            raise _rejected("sdjwtvc.vct: it is of another type than was asked for")
        issuer, key = trusted_issuer(
            parsed, record_type=collected.definition.type, trust_list=trust.trust_list, now=now
        )
        holder = parsed.holder_key()
        signer = by_thumbprint.pop(holder.thumbprint(), None) if holder else None
        if signer is None:
            raise CredentialError("sdjwt.cnf_not_mine")
        held.append(
            format_.read_held(
                text,
                issuer_key=key.public_key,
                holder_key=signer.public_key,
                now=now,
                second_key=key.second_key,
            )
        )
        copies.append(CheckedCopy(collected.format, text, signer))
        issuers.append(issuer)
    record = _one_record([one.payload for one in held], whole=whole)
    return CheckedRecord(
        definition=collected.definition,
        issuer=VerifiedIssuer(issuers[0].iss, issuers[0].ods, issuers[0].name),
        payload=held[0].payload,
        record=record,
        issued_at=held[0].issued_at,
        expires_at=min(one.expires_at for one in held),
        copies=tuple(copies),
    )


def _one_record(payloads: list[Mapping[str, Json]], *, whole: bool) -> DisclosedRecord:
    """All copies say the same, and say all of it: nothing was held back from its own holder."""
    contents = [
        {name: value for name, value in payload.items() if name not in FORMAT_MEMBERS}
        for payload in payloads
    ]
    if any(content != contents[0] for content in contents):
        raise _rejected("the copies of one record differ")
    record = from_payload(payloads[0])
    if whole and not record.complete:
        raise _rejected("a part of the record was held back")
    return record


def _rejected(reason: str) -> ServiceError:
    return ServiceError("wallet.credential_rejected", reason)
