"""One answer of a wallet: read, verified with what is at hand, held, and met with a receipt.

Rules: a message that cannot be read leaves the question open; a presentation, good or not, uses it
up; the first that is judged wins, and until then nothing of it is kept, so that a wallet whose
answer was interrupted can send it again. What is *not* here: the judgement itself
(``healthpassport.verification``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from typing import Final

from healthpassport.audit import Fact
from healthpassport.credential import Challenge, Presentation, VerifiedSummary
from healthpassport.errors import PassportError, ServiceError
from healthpassport.jose.jwe import decrypt
from healthpassport.protocols.oid4vp import (
    EncryptedResponse,
    ErrorResponse,
    VpResponse,
    parse_form,
    parse_payload,
)
from healthpassport.verification import FreshnessPolicy, verify_presentation
from verifier.settings import VerifierSettings
from verifier.store import Row

from .acceptance import refusal
from .audit import Actor, AuditTrail
from .holding import Answer, Held, Holding, Question
from .identity import DeskIdentity
from .lists import DeskLists
from .questions import Questions
from .receipts import DeskReceipts, Taken
from .seen import opens_for
from .transactions import Progress, Random, confirm_code

PATIENT: Final = "patient"  # who answers; nothing more of them stands in the trail
MAX_ERROR: Final = 64  # characters of a wallet's own word that are kept


class Answers:
    """The answers to one organisation's questions."""

    def __init__(
        self,
        *,
        settings: VerifierSettings,
        identity: DeskIdentity,
        questions: Questions,
        holding: Holding,
        lists: DeskLists,
        receipts: DeskReceipts,
        audit: AuditTrail,
        policy: FreshnessPolicy,
        random: Random,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._questions = questions
        self._holding = holding
        self._lists = lists
        self._receipts = receipts
        self._audit = audit
        self._policy = policy
        self._random = random

    def receive(self, handle: str, body: bytes) -> Taken:
        """Take the answer in ``body``; see ``Desk.receive``."""
        form = parse_form(body)
        row, held, question = self._questions.answerable(handle)
        if isinstance(form, EncryptedResponse):
            plaintext = decrypt(form.jwe, private_key=question.key)
            answer = parse_payload(plaintext, query=self._questions.template(row).query)
        else:
            answer = form
        # Section 14.3: an answer that this desk did not ask for does not know the state.
        known = answer.state is not None and compare_digest(answer.state, row.state)
        if not known and (isinstance(answer, VpResponse) or answer.state is not None):
            raise ServiceError("transaction.unknown", "the answer belongs to another question")
        now = self._questions.now()
        if isinstance(answer, ErrorResponse):
            self._refuse(row, Progress.DECLINED, answer.error[:MAX_ERROR], now)
            return Taken()
        try:
            summary = self._verified(row, answer, now)
        except PassportError as error:
            self._refuse(row, Progress.FAILED, error.code, now)
            raise
        code = self._keep(row, held, Answer(answer.presentation, summary, answer.acting), now)
        return Taken(code, self._receipt(row, question, answer, now))

    def _verified(self, row: Row, answer: VpResponse, now: datetime) -> VerifiedSummary:
        lists = self._lists.views(now)
        return verify_presentation(
            presentation=answer.presentation,
            challenge=Challenge(row.nonce, self._identity.client_id),
            query=self._questions.template(row).query,
            trust=lists.trust,
            status=lists.status,
            policy=self._policy,
            now=now,
        )

    def _refuse(self, row: Row, progress: Progress, code: str, now: datetime) -> None:
        """Nothing was shown, so a trail that cannot be written holds up nobody."""
        declined = progress is Progress.DECLINED
        event = "answer.declined" if declined else "answer.refused"
        # A wallet's own word for its refusal may be anything, and stays out of the trail.
        facts: dict[str, Fact] = {} if declined else {"code": code}
        try:
            with self._audit.together():
                won = self._holding.refuse(row, progress=progress, code=code, now=now)
                if won:
                    self._audit.write(event, who=self._wallet(row), subject=row.id, **facts)
        except PassportError:
            self._audit.note(event, who=self._wallet(row), subject=row.id, **facts)
            with self._audit.together():
                self._holding.refuse(row, progress=progress, code=code, now=now)
            return
        if not won:
            raise ServiceError("transaction.closed")

    def _wallet(self, row: Row) -> Actor:
        return Actor(self._identity.ods, row.desk, role=PATIENT)

    def _keep(self, row: Row, held: Held, answer: Answer, now: datetime) -> str | None:
        code = confirm_code(self._random) if self._settings.confirm else None
        refused = refusal(answer.summary)
        if refused is not None:
            answer = replace(answer, presentation=Presentation({}))  # it is of no use to anybody
        kept = Held(
            now + self._settings.result_lifetime, held.expected, answer=answer, confirm_code=code
        )
        progress = Progress.CONFIRMING if code else Progress.ANSWERED
        try:
            with self._audit.together():
                won = self._holding.answer(row, kept, progress=progress, code=refused, now=now)
                if won:
                    self._tell(row, refused, acting=answer.acting)
        except PassportError:
            with suppress(PassportError):
                self._holding.undo(row, progress=Progress.FAILED, code="audit.not_written")
            raise
        if not won:
            raise ServiceError("transaction.closed")
        if refused is not None:
            raise ServiceError(refused)
        return code

    def _tell(self, row: Row, refused: str | None, *, acting: bool) -> None:
        event = "answer.accepted" if refused is None else "answer.refused"
        facts: dict[str, Fact] = {"acting": acting} if refused is None else {"code": refused}
        self._audit.write(event, who=self._wallet(row), subject=row.id, **facts)

    def _receipt(
        self, row: Row, question: Question, answer: VpResponse, now: datetime
    ) -> str | None:
        template = self._questions.template(row)
        # Without sign-in the desk does not know who looks, and says nothing.
        role = opens_for(template.record_types).value if self._settings.signs_in else None
        return self._receipts.give(
            answer.presentation,
            query=template.query,
            claims=self._questions.claims(row, question),
            canonical_query=template.canonical_query,
            purpose=template.purpose,
            now=now,
            role=role,
        )
