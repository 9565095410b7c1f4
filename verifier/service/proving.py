"""Do a receipt and a stored presentation belong together, and did this desk give it?

For a complaint, a court, or the patient's own question, long after the desk forgot the content.
What is *not* here: what a presentation proves (``passport-verifier verify`` says that).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from healthpassport import receipts
from healthpassport.encoding import Json
from healthpassport.errors import ReceiptError
from healthpassport.jose import jws
from healthpassport.keys.x509 import x509_hash
from healthpassport.receipts import Receipt
from verifier.store import ReceiptNotes

from .digests import Digests
from .identity import DeskIdentity
from .receipts import RECEIPT, SUBJECT, subject_of


class Noted(StrEnum):
    """What the desk's notes say of a receipt."""

    AS_GIVEN = "as_given"
    NOT_NOTED = "not_noted"
    DIFFERENT = "different"


class Match(StrEnum):
    """How one record of a receipt stands to what was stored."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, slots=True)
class Proof:
    """What could be found out. ``records`` has one line for each record of the receipt.

    ``signed_here`` says whether this desk's present certificate signed it. ``whole`` says whether
    the stored presentation is all that was received; None where nothing was given to compare.
    """

    receipt: Receipt
    signed_here: bool
    noted: Noted
    whole: bool | None
    records: tuple[tuple[str, Match], ...]

    @property
    def belongs(self) -> bool:
        """Whether the receipt is this desk's and nothing stored differs from what it names."""
        if self.noted is Noted.DIFFERENT or not (self.signed_here or self.noted is Noted.AS_GIVEN):
            return False
        matches = {match for _, match in self.records}
        return Match.DIFFERENT not in matches and (self.whole is not False or Match.SAME in matches)


def prove(
    token: str,
    *,
    vp_token: Mapping[str, Json] | None,
    card: bytes | None,
    identity: DeskIdentity,
    notes: ReceiptNotes,
    digests: Digests,
) -> Proof:
    """What the receipt ``token`` and what was stored say of each other.

    Args:
        token: the receipt.
        vp_token: a stored presentation, whole or a part, or None.
        card: the octets of a card that was read, or None.
        identity: this desk.
        notes: what it noted.
        digests: of those notes.

    Raises:
        ReceiptError: for what is no receipt, or is not signed.
        ServiceError, SettingsError: where the notes cannot be read.
    """
    text = token.strip()
    receipt = receipts.read_unchecked(text)
    certificate = jws.parse(text, max_bytes=receipts.MAX_RECEIPT).certificates()[0]
    whole, records = _compare(receipt, vp_token, card)
    return Proof(
        receipt=receipt,
        signed_here=x509_hash(certificate) == x509_hash(identity.chain[0]),
        noted=_noted(receipt, text, notes, digests),
        whole=whole,
        records=records,
    )


def _noted(receipt: Receipt, text: str, notes: ReceiptNotes, digests: Digests) -> Noted:
    note = notes.find(receipt.jti)
    if note is None:
        return Noted.NOT_NOTED
    same = digests.same(RECEIPT, receipts.text_hash(text), note.receipt)
    same &= digests.same(SUBJECT, subject_of(receipt), note.subject)
    return Noted.AS_GIVEN if same else Noted.DIFFERENT


def _compare(
    receipt: Receipt, vp_token: Mapping[str, Json] | None, card: bytes | None
) -> tuple[bool | None, tuple[tuple[str, Match], ...]]:
    if card is not None:
        if receipt.card_hash is None:
            raise ReceiptError("receipt.kind", "it was not given for a card")
        same = receipts.card_hash(card) == receipt.card_hash
        match = Match.SAME if same else Match.DIFFERENT
        return same, tuple((record.type, match) for record in receipt.records)
    if vp_token is None:
        return None, ()
    if receipt.vp_token_hash is None:
        raise ReceiptError("receipt.kind", "it was given for a card")
    rows = tuple(
        (record.type, _match(record.hash, vp_token.get(record.query or "")))
        for record in receipt.records
    )
    return receipts.vp_token_hash(vp_token) == receipt.vp_token_hash, rows


def _match(expected: str | None, stored: Json) -> Match:
    if stored is None:
        return Match.NOT_STORED
    return Match.SAME if receipts.vp_token_hash(stored) == expected else Match.DIFFERENT
