"""Is a receipt what the desk signed, and does it say what was sent? The wallet's side.

A receipt that cannot be read or is not signed proves nothing and is refused; one that is signed and
says something else than was sent is told with every difference, since it is evidence all the same.
What is *not* here: keeping it, and words for people (the error catalogue has them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.errors import (
    EncodingError,
    JoseError,
    KeyMaterialError,
    ReceiptError,
    TrustError,
)
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys import public_key_from_certificate
from healthpassport.keys.x509 import validate_chain, x509_hash
from healthpassport.receipts.model import MAX_RECEIPT, TYP, Kind, Receipt, ReceivedRecord
from healthpassport.trust.model import TrustView

ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7, as for requests
ANSWER_TIME: Final = timedelta(minutes=5)  # between sending and signing, with a slow line


@dataclass(frozen=True, slots=True)
class Sent:
    """What the wallet sent, to whom, and what they had said of purpose and retention.

    ``certificate_hash`` is the hash of the certificate that signed the request.
    """

    request_hash: str
    vp_token_hash: str
    certificate_hash: str
    name: str
    ods: str
    purpose: str
    retention: str
    records: tuple[ReceivedRecord, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt that somebody signed, and every way in which it differs from what was sent.

    ``problems`` are codes of the error catalogue; none means that all of it was checked.
    """

    receipt: Receipt
    certificate_hash: str
    problems: tuple[str, ...]


def check_presentation(
    token: str, *, expected: Sent, trust: TrustView, now: datetime
) -> CheckedReceipt:
    """The receipt ``token`` for what was sent.

    Raises:
        ReceiptError: ``receipt.format`` or ``receipt.signature``: it proves nothing.
        TrustError: ``trust.stale``: nobody can be known by this list.
    """
    parsed, receipt, signed_by = _open(token, trust)
    problems = [
        # 4. The key is the one that signed the request.
        "receipt.key" if signed_by != expected.certificate_hash else "",
        # 5. The list and the chain vouch for it.
        *_untrusted(parsed, receipt, trust, signed_by),
        # 6. It is about that request and that answer.
        *_other_answer(receipt, expected),
        # 7. It names exactly what was sent.
        *_other_fields(receipt, expected.records),
        # 8. Who, why and how long are what the patient was told.
        *_other_terms(receipt, expected),
        # 9. It was signed when the answer came, and not in the future.
        "" if _timely(receipt, expected.at, now) else "receipt.time",
    ]
    found = tuple(dict.fromkeys(problem for problem in problems if problem))
    return CheckedReceipt(receipt, signed_by, found)


def check_card(
    token: str, *, expected_card_hashes: Collection[str], trust: TrustView, now: datetime
) -> CheckedReceipt:
    """The receipt ``token`` for the reading of an emergency card, given to its owner later.

    Raises:
        ReceiptError, TrustError: as ``check_presentation``.
    """
    parsed, receipt, signed_by = _open(token, trust)
    problems = list(_untrusted(parsed, receipt, trust, signed_by))
    if receipt.kind is not Kind.EMERGENCY_CARD:
        problems.append("receipt.kind")
    elif receipt.card_hash not in expected_card_hashes:
        problems.append("receipt.card")
    if receipt.issued_at > now + CLOCK_SKEW:
        problems.append("receipt.time")
    return CheckedReceipt(receipt, signed_by, tuple(problems))


def read_unchecked(token: str) -> Receipt:
    """What ``token`` says once its own certificate's key has signed it; nobody vouches for that.

    Raises:
        ReceiptError: ``receipt.format`` or ``receipt.signature``.
    """
    return _read(token)[1]


def _open(token: str, trust: TrustView) -> tuple[jws.ParsedJws, Receipt, str]:
    if trust.stale:
        raise TrustError("trust.stale")
    parsed, receipt = _read(token)
    return parsed, receipt, x509_hash(parsed.certificates()[0])


def _read(token: str) -> tuple[jws.ParsedJws, Receipt]:
    # 1. Bounded and strict (RFC 7515 section 5.2, RFC 8725 section 2.4).
    try:
        parsed = jws.parse(token, max_bytes=MAX_RECEIPT)
        chain = parsed.certificates()
        if not chain:
            raise ReceiptError("receipt.format", "it brings no certificate")
        key = public_key_from_certificate(chain[0])
    except (JoseError, EncodingError, KeyMaterialError) as error:
        raise ReceiptError("receipt.format", error.code) from error
    # 2. Algorithm, type and signature are those expected (RFC 8725 sections 3.1 and 3.11).
    try:
        jws.check_signature(parsed, key=key, expected_typ=TYP, expected_algorithms=ALGORITHMS)
    except (JoseError, KeyMaterialError) as error:
        raise ReceiptError("receipt.signature", error.code) from error
    # 3. What was signed is a receipt, whole and nothing else.
    return parsed, Receipt.parse(parsed.payload)


def _untrusted(
    parsed: jws.ParsedJws, receipt: Receipt, trust: TrustView, signed_by: str
) -> Iterator[str]:
    """The desk is listed and its certificate was good when it signed; it is the one it names."""
    try:
        verifier = trust.trust_list.verifier(signed_by, receipt.issued_at)
        validate_chain(
            parsed.certificates(),
            anchors=verifier.anchors,
            at=receipt.issued_at,
            expected_host=None,
        )
    except (TrustError, KeyMaterialError) as error:
        yield error.code
        return
    named = receipt.organisation
    if (named.name, named.ods) != (verifier.name, verifier.ods):
        yield "receipt.organisation"


def _other_answer(receipt: Receipt, expected: Sent) -> Iterator[str]:
    if receipt.kind is not Kind.PRESENTATION:
        yield "receipt.kind"
        return
    if receipt.request_hash != expected.request_hash:
        yield "receipt.request"
    if receipt.vp_token_hash != expected.vp_token_hash:
        yield "receipt.answer"
    hashes = {record.query: record.hash for record in expected.records}
    if any(hashes.get(r.query, r.hash) != r.hash for r in receipt.records):
        yield "receipt.answer"


def _other_fields(receipt: Receipt, sent: tuple[ReceivedRecord, ...]) -> Iterator[str]:
    """More than was sent, and less, are each told: both may be the case."""
    told, known = _names(receipt.records), _names(sent)
    if told - known:
        yield "receipt.fields_more"
    if known - told:
        yield "receipt.fields_fewer"


def _names(records: tuple[ReceivedRecord, ...]) -> set[tuple[str | None, str, str]]:
    """Each value by query, type and path; the record itself has the empty path."""
    return {
        (record.query, f"{record.type} {record.format}", path)
        for record in records
        for path in ("", *record.paths)
    }


def _other_terms(receipt: Receipt, expected: Sent) -> Iterator[str]:
    if receipt.purpose.id != expected.purpose:
        yield "receipt.purpose"
    if receipt.retention.text != expected.retention:
        yield "receipt.retention"
    named = receipt.organisation
    if (named.name, named.ods) != (expected.name, expected.ods):
        yield "receipt.organisation"


def _timely(receipt: Receipt, sent_at: datetime, now: datetime) -> bool:
    signed = receipt.issued_at
    begin, end = sent_at - ANSWER_TIME, sent_at + ANSWER_TIME
    return begin <= signed <= end and signed <= now + CLOCK_SKEW
