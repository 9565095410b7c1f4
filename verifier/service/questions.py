"""One question on its way to a wallet: opened, linked to, signed, and still open or not.

What is *not* here: the answer (``answers``), and what staff see (``views``).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.jose.jwe import generate_encryption_key
from healthpassport.protocols.oid4vp import RequestLink, build_request, spelled
from healthpassport.protocols.oid4vp.codes import folded, looks_like_code, read_code
from verifier.settings import VerifierSettings
from verifier.store import Row, Store

from .audit import Actor, AuditTrail
from .holding import Held, Holding, Question
from .identity import DeskIdentity
from .matching import Expected
from .templates import DeskTemplate, Templates
from .transactions import Clock, Progress, Random, read_short_code, secret, short_code

REQUEST_PATH: Final = "/oid4vp/requests/"
RESPONSE_PATH: Final = "/oid4vp/responses/"
MAX_WALLET_NONCE: Final = 512  # characters
GRACE: Final = timedelta(minutes=1)  # an answer that came in time may take a while to verify


class Questions:
    """The questions of one organisation."""

    def __init__(
        self,
        *,
        settings: VerifierSettings,
        identity: DeskIdentity,
        templates: Templates,
        store: Store,
        holding: Holding,
        audit: AuditTrail,
        clock: Clock,
        random: Random,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._templates = templates
        self._store = store
        self._holding = holding
        self._audit = audit
        self._clock = clock
        self._random = random

    def open(self, template_name: str, *, desk: str, expected: Expected | None, who: Actor) -> Row:
        """A new question, which stands in the audit trail or is not asked.

        Raises:
            ServiceError: ``verifier.template_unknown``, ``verifier.not_registered``,
                ``rate_limited`` where far too many are open, or ``audit.not_written``.
        """
        template = self._templates.get(template_name)
        if template.purpose not in self._identity.registrations:
            raise ServiceError("verifier.not_registered", f"no registration for {template.purpose}")
        now = self.now()
        self.sweep()
        key, public_jwk = generate_encryption_key(secret(self._random))
        row = Row(
            id=secret(self._random),
            handle=secret(self._random),
            desk=desk,
            short_code=short_code(self._random),
            template=template.id,
            nonce=secret(self._random),
            state=secret(self._random),
            progress=Progress.WAITING,
            created_at=now,
            expires_at=now + self._settings.request_lifetime,
        )
        held = Held(row.expires_at + GRACE, expected, Question(key, public_jwk))
        try:
            with self._audit.together():
                self._holding.begin(row, held)
                self._audit.write("request.made", who=who, subject=row.id, template=template.id)
        except PassportError:
            with suppress(PassportError):
                self._holding.undo(row, progress=Progress.EXPIRED, code="transaction.expired")
            raise
        return row

    def signed(self, handle: str, *, wallet_nonce: str | None) -> str:
        """The request object; see ``Desk.request_object``."""
        if wallet_nonce is not None and not 0 < len(wallet_nonce) <= MAX_WALLET_NONCE:
            raise ServiceError("http.invalid", "wallet_nonce is empty or too long")
        row, _, question = self.answerable(handle)
        claims = self.claims(row, question, wallet_nonce)
        self._store.mark_fetched(handle, now=self.now())
        return self._identity.sign_request(claims)

    def claims(
        self, row: Row, question: Question, wallet_nonce: str | None = None
    ) -> dict[str, Json]:
        """What the request object says."""
        template = self.template(row)
        return build_request(
            client_id=self._identity.client_id,
            response_uri=f"{self._settings.public_url}{RESPONSE_PATH}{row.handle}",
            nonce=row.nonce,
            state=row.state,
            query=template.dcql,
            encryption_jwk=question.public_jwk,
            registration=self._identity.registrations.get(template.purpose),
            issued_at=row.created_at,
            expires_at=row.expires_at,
            wallet_nonce=wallet_nonce,
        )

    def answerable(self, handle: str) -> tuple[Row, Held, Question]:
        """The open question that a wallet names.

        Raises:
            ServiceError: ``transaction.unknown``, ``transaction.expired``, ``transaction.closed``.
        """
        row = self._store.by_handle(handle)
        progress = Progress(row.progress)
        if progress is Progress.EXPIRED or self.is_over(row):
            raise ServiceError("transaction.expired")
        held = self._holding.get(row.id)
        if not progress.is_open or held is None or held.question is None:
            raise ServiceError("transaction.closed")
        return row, held, held.question

    def is_over(self, row: Row) -> bool:
        """Whether nobody answered in time, also where nobody has noted it yet."""
        return Progress(row.progress).is_open and row.expires_at <= self.now()

    def link_for_code(self, typed: str) -> str:
        """The link of the open question whose short code was typed.

        Raises:
            RequestError: ``request.code`` for a wrong letter.
            ServiceError: ``transaction.`` codes; ``transaction.unknown`` also for the whole code of
                another organisation.
        """
        ods = folded(self._identity.ods)
        if ods and looks_like_code(typed) and read_code(typed).organisation != ods:
            raise ServiceError("transaction.unknown")
        row = self._store.by_short_code(read_short_code(typed))
        self.answerable(row.handle)
        return self.link(row)

    def link(self, row: Row) -> str:
        """What the QR code holds."""
        link = RequestLink(
            self._identity.client_id,
            f"{self._settings.public_url}{REQUEST_PATH}{row.handle}",
            self._settings.request_uri_method,
        )
        return link.text()

    def code(self, row: Row) -> str:
        """What a patient types who has no camera; without registration only half of it."""
        ods = self._identity.ods
        return spelled(ods, row.short_code) if ods else row.short_code

    def template(self, row: Row) -> DeskTemplate:
        """What was asked with."""
        return self._templates.recalled(row.template)

    def sweep(self) -> None:
        """Forget what is over, and say so in the trail."""
        for name, progress in self._holding.sweep(self.now()):
            event = "request.timed_out" if progress is Progress.EXPIRED else "result.timed_out"
            self._audit.note(event, who=self._audit.own, subject=name)
        self._audit.tend()

    def now(self) -> datetime:
        """The desk's time, in UTC."""
        return self._clock().astimezone(UTC)
