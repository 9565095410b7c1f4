"""Receipts: what this desk signs for the patient, and the note of it that it keeps.

Rules: every answer of which something can be shown is confirmed with all that was received, also
what failed its checks; a receipt that cannot be made or noted never costs the presentation; of the
content the desk keeps keyed digests alone. What is *not* here: the format (``healthpassport``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from healthpassport import receipts
from healthpassport.credential import Presentation
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import vp_token
from healthpassport.receipts import Kind, Receipt, ReceivedRecord
from verifier.settings import VerifierSettings
from verifier.store import Note, ReceiptNotes

from .audit import AuditTrail
from .digests import Digests
from .identity import DeskIdentity
from .transactions import Random, secret

EMERGENCY: Final = "emergency"
SUBJECT: Final = "subject"  # the two kinds of digest
RECEIPT: Final = "receipt"

_log = structlog.get_logger("verifier")


@dataclass(frozen=True, slots=True)
class Taken:
    """What the wallet is told of an answer that was taken."""

    confirm_code: str | None = None
    receipt: str | None = None

    def members(self) -> dict[str, str]:
        """The members of the response; a wallet that does not know them passes them over."""
        told = {"confirm_code": self.confirm_code, "receipt": self.receipt}
        return {name: value for name, value in told.items() if value is not None}


class DeskReceipts:
    """Gives receipts and notes them."""

    def __init__(
        self,
        *,
        settings: VerifierSettings,
        identity: DeskIdentity,
        notes: ReceiptNotes,
        random: Random,
        audit: AuditTrail | None = None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._notes = notes
        self._random = random
        self._audit = audit
        self.digests = Digests(settings.receipt_key_file, random)

    def give(
        self,
        presentation: Presentation,
        *,
        query: Query,
        claims: Mapping[str, Json],
        purpose: str,
        now: datetime,
        role: str | None = None,
        canonical_query: bytes | None = None,
    ) -> str | None:
        """The receipt for ``presentation``, or None where none could be made.

        Args:
            presentation: as it came.
            query: what was asked.
            claims: those of the request object.
            purpose: the registered purpose that was asked for.
            now: aware.
            role: in which role it is read, where that is known.
            canonical_query: see ``receipts.request_hash``.
        """
        try:
            receipt = self._receipt(
                purpose=purpose,
                now=now,
                role=role,
                kind=Kind.PRESENTATION,
                request_hash=receipts.request_hash(claims, canonical_query=canonical_query),
                vp_token_hash=receipts.vp_token_hash(vp_token(presentation)),
                records=receipts.received(presentation, query),
            )
        except PassportError as error:
            _log.warning("receipt_not_made", code=error.code)
            return None
        return self._issue(receipt)

    def give_for_card(
        self,
        card: bytes,
        *,
        records: Sequence[ReceivedRecord],
        reason: int,
        now: datetime,
        role: str | None = None,
    ) -> str | None:
        """The receipt for reading an emergency card, or None where none could be made.

        Args:
            card: the octets of its COSE_Sign1.
            records: what stood on it, by name.
            reason: why it was read, 1 to 6.
            now: aware.
            role: in which role it was read.
        """
        try:
            receipt = self._receipt(
                purpose=EMERGENCY,
                now=now,
                role=role,
                kind=Kind.EMERGENCY_CARD,
                card_hash=receipts.card_hash(card),
                records=tuple(records),
                reason=reason,
            )
        except PassportError as error:
            _log.warning("receipt_not_made", code=error.code)
            return None
        return self._issue(receipt)

    def _receipt(
        self, *, purpose: str, now: datetime, role: str | None, **parts: object
    ) -> Receipt:
        registered = self._identity.registered(purpose)
        if registered is None:
            raise ServiceError("verifier.not_registered", f"no registration for {purpose}")
        return Receipt.made(
            jti=secret(self._random),
            iat=int(now.timestamp()),
            organisation={"name": registered.name, "ods": registered.ods},
            purpose={"id": purpose, "dpv": receipts.purpose_term(purpose)},
            retention={"text": registered.retention, "dpv": receipts.retention_term()},
            legal_basis=receipts.legal_basis(),
            reader={"role": role} if role else None,
            **parts,
        )

    def _issue(self, receipt: Receipt) -> str | None:
        """Signed first: a patient gets the proof also where the desk cannot note it."""
        try:
            token = receipts.issue(
                receipt, signer=self._identity.signer, chain=self._identity.chain
            )
        except PassportError as error:
            _log.warning("receipt_not_made", code=error.code)
            return None
        try:
            self._keep(receipt, token)
        except PassportError as error:
            _log.warning("receipt_not_noted", code=error.code)
        return token

    def _keep(self, receipt: Receipt, token: str) -> None:
        """Note the receipt, and say so in the audit trail, both or neither."""
        note = self._note(receipt, token)
        before = receipt.issued_at - self._settings.receipt_lifetime
        if self._audit is None:
            self._notes.add(note, forget_before=before)
            return
        kind = receipt.kind.value
        with self._audit.together():
            self._notes.add(note, forget_before=before)
            self._audit.write("receipt.given", who=self._audit.own, subject=note.id, kind=kind)

    def _note(self, receipt: Receipt, token: str) -> Note:
        return Note(
            id=receipt.jti,
            kind=receipt.kind.value,
            organisation=receipt.organisation.ods,
            created_at=receipt.issued_at,
            subject=self.digests.of(SUBJECT, subject_of(receipt)),
            receipt=self.digests.of(RECEIPT, receipts.text_hash(token)),
        )


def subject_of(receipt: Receipt) -> str:
    """The hash of what the receipt was given for."""
    return receipt.vp_token_hash or receipt.card_hash or ""
