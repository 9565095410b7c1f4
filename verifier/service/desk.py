"""The desk: asks, hands out the signed request, takes one answer, shows it, forgets it.

One object serves all desks of an organisation; whoever calls says which desk it is, and sees only
that desk's transactions. Private keys and results are in memory alone. Calls may come from several
threads. What is *not* here: HTTP, and the judgement itself (``healthpassport.verification``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from threading import Lock
from typing import Final

from healthpassport.credential import Challenge, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.jose.jwe import decrypt, generate_encryption_key
from healthpassport.protocols.oid4vp import (
    EncryptedResponse,
    ErrorResponse,
    RequestLink,
    VpResponse,
    build_request,
    parse_form,
    parse_payload,
    spelled,
)
from healthpassport.verification import FreshnessPolicy, verify_presentation
from verifier.settings import VerifierSettings
from verifier.store import Row, Store

from .acceptance import refusal
from .export import evidence, export
from .identity import DeskIdentity
from .lists import DeskLists, Update
from .matching import CODE, Expected, differences
from .receipts import DeskReceipts, Taken
from .templates import DeskTemplate, Templates
from .transactions import (
    Clock,
    Pending,
    Progress,
    Random,
    TransactionView,
    confirm_code,
    read_short_code,
    secret,
    short_code,
)

REQUEST_PATH: Final = "/oid4vp/requests/"
RESPONSE_PATH: Final = "/oid4vp/responses/"
MAX_WALLET_NONCE: Final = 512  # characters
GRACE: Final = timedelta(minutes=1)  # an answer that came in time may take a while to verify
MAX_PENDING: Final = 10_000  # transactions in memory at once, some 5 kB each


class Desk:
    """See the module."""

    def __init__(
        self,
        *,
        settings: VerifierSettings,
        identity: DeskIdentity,
        templates: Templates,
        lists: DeskLists,
        store: Store,
        policy: FreshnessPolicy,
        clock: Clock,
        random: Random,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.templates = templates
        self.lists = lists
        self.receipts = DeskReceipts(
            settings=settings, identity=identity, notes=store.receipts, random=random
        )
        self._store = store
        self.policy = policy
        self.clock = clock
        self.random = random
        self._lock = Lock()
        self._pending: dict[str, Pending] = {}
        store.lose_open()

    # -- staff ------------------------------------------------------------------------------

    def ask(
        self, template_name: str, *, desk: str, expected: Expected | None = None
    ) -> TransactionView:
        """Open a transaction for ``template_name``; ``expected`` is whom the hospital admitted.

        Raises:
            ServiceError: ``verifier.template_unknown``, ``verifier.not_registered``, or
                ``rate_limited`` where far too many are open.
        """
        template = self.templates.get(template_name)
        if template.purpose not in self.identity.registrations:
            raise ServiceError("verifier.not_registered", f"no registration for {template.purpose}")
        now = self._now()
        self._sweep(now)
        key, public_jwk = generate_encryption_key(secret(self.random))
        row = Row(
            id=secret(self.random),
            handle=secret(self.random),
            desk=desk,
            short_code=short_code(self.random),
            template=template.id,
            nonce=secret(self.random),
            state=secret(self.random),
            progress=Progress.WAITING,
            created_at=now,
            expires_at=now + self.settings.request_lifetime,
        )
        with self._lock:
            if len(self._pending) >= MAX_PENDING:
                raise ServiceError("rate_limited")
            self._pending[row.id] = Pending(
                template, key, public_jwk, row.expires_at + GRACE, expected=expected
            )
        self._store.add(row)
        return self._view(row)

    def look(self, transaction_id: str, *, desk: str) -> TransactionView:
        """The transaction as it stands; ``not_found`` for any that is not this desk's."""
        self._sweep(self._now())
        return self._view(self._store.of_desk(transaction_id, desk=desk))

    def recent(self, *, desk: str) -> tuple[TransactionView, ...]:
        """The desk's transactions of the last day, newest first, without results."""
        self._sweep(self._now())
        views = map(self._view, self._store.recent(desk=desk))
        return tuple(replace(view, summary=None) for view in views)

    def confirm(self, transaction_id: str, code: str, *, desk: str) -> TransactionView:
        """Show the result once staff typed the code that the patient's wallet shows.

        Raises:
            ServiceError: ``not_found``, ``transaction.closed`` where there is nothing to confirm,
                ``transaction.not_confirmed`` for a wrong code; the third ends the transaction.
        """
        row = self._store.of_desk(transaction_id, desk=desk)
        with self._lock:
            pending = self._pending.get(row.id)
            if pending is None or pending.confirm_code is None:
                raise ServiceError("transaction.closed")
            pending.tries_left -= 1
            right = compare_digest(pending.confirm_code.encode(), code.strip().encode())
            if right:
                pending.confirm_code = None
            elif pending.tries_left <= 0:
                del self._pending[row.id]
        if right:
            self._store.finish(row.id, progress=Progress.ANSWERED)
            return self._view(self._store.of_desk(row.id, desk=desk))
        if pending.tries_left <= 0:
            self._store.finish(row.id, progress=Progress.FAILED, code="transaction.not_confirmed")
        raise ServiceError("transaction.not_confirmed")

    def fhir(
        self, transaction_id: str, *, desk: str, presentation: bool = False
    ) -> dict[str, Json]:
        """The result as a FHIR document; ``presentation`` adds the evidence for a record.

        Raises:
            ServiceError: ``not_found`` where there is no result, or none that may go out.
        """
        row = self._store.of_desk(transaction_id, desk=desk)
        view = self._view(row)
        with self._lock:
            pending = self._pending.get(row.id)
            held = pending.presentation if pending is not None else None
        if view.summary is None:
            raise ServiceError("not_found", "there is no result to save")
        proof = None
        if presentation and held is not None:
            challenge = Challenge(row.nonce, self.identity.client_id)
            proof = evidence(view.summary, held, challenge, view.template.dcql)
        return export(
            view.summary,
            desk=self.identity.organisation(view.template.purpose, self.settings.organisation),
            seed=f"{self.settings.public_url}/requests/{row.id}",
            differences=view.differences or (),
            presentation=proof,
        )

    def close(self, transaction_id: str, *, desk: str) -> None:
        """Forget everything of a transaction: result and key at once, the row after a day."""
        row = self._store.of_desk(transaction_id, desk=desk)
        with self._lock:
            self._pending.pop(row.id, None)
        self._store.finish(row.id, progress=Progress.CLOSED, code=row.code)

    # -- wallets ----------------------------------------------------------------------------

    def request_object(self, handle: str, *, wallet_nonce: str | None = None) -> str:
        """The signed request (section 5.10); reading it twice gives the same question.

        Raises:
            ServiceError: ``transaction.unknown``, ``transaction.expired``,
                ``transaction.closed``, or ``http.invalid`` for an unusable wallet_nonce.
        """
        if wallet_nonce is not None and not 0 < len(wallet_nonce) <= MAX_WALLET_NONCE:
            raise ServiceError("http.invalid", "wallet_nonce is empty or too long")
        row, pending = self._answerable(handle)
        claims = self._claims(row, pending, wallet_nonce)
        self._store.mark_fetched(handle, now=self._now())
        return self.identity.sign_request(claims)

    def link_for_code(self, typed: str) -> str:
        """The link of the open transaction whose short code was typed."""
        row = self._store.by_short_code(read_short_code(typed))
        self._answerable(row.handle)
        return self._link(row)

    def receive(self, handle: str, body: bytes) -> Taken:
        """Take the answer in ``body``; returns the code for the patient's screen and the receipt.

        A message that cannot be read leaves the transaction open; a presentation, good or not,
        uses it up.

        Raises:
            ServiceError: ``transaction.`` codes.
            ProtocolError, JoseError, CredentialError, ...: why nothing of the answer is shown.
        """
        form = parse_form(body)
        row, pending = self._answerable(handle)
        if isinstance(form, EncryptedResponse):
            plaintext = decrypt(form.jwe, private_key=pending.key)
            answer = parse_payload(plaintext, query=pending.template.query)
        else:
            answer = form
        # Section 14.3: an answer that this desk did not ask for does not know the state.
        known = answer.state is not None and compare_digest(answer.state, row.state)
        if not known and (isinstance(answer, VpResponse) or answer.state is not None):
            raise ServiceError("transaction.unknown", "the answer belongs to another question")
        now = self._now()
        if not self._store.claim(handle, now=now):
            raise ServiceError("transaction.closed")
        if isinstance(answer, ErrorResponse):
            self._end(row, Progress.DECLINED, answer.error[:64])
            return Taken()
        return self._verify(row, pending, answer, now)

    # -- lists and health -------------------------------------------------------------------

    def update(self, *, due_only: bool = False) -> Update:
        """Fetch trust list and status lists; never called because of a presentation."""
        return self.lists.refresh(self._now(), due_only=due_only)

    def check(self) -> None:
        """Fail, with the reason, where the desk could not verify an answer now."""
        self._store.check()
        if self.lists.views(self._now()).trust.stale:
            raise ServiceError("verifier.setup", "the trust list is too old")

    def shut(self) -> None:
        """Forget everything in memory and close the database."""
        with self._lock:
            self._pending.clear()
        self._store.lose_open()
        self._store.close()

    # -- inside -----------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self.clock().astimezone(UTC)

    def _claims(self, row: Row, pending: Pending, wallet_nonce: str | None) -> dict[str, Json]:
        return build_request(
            client_id=self.identity.client_id,
            response_uri=f"{self.settings.public_url}{RESPONSE_PATH}{row.handle}",
            nonce=row.nonce,
            state=row.state,
            query=pending.template.dcql,
            encryption_jwk=pending.public_jwk,
            registration=self.identity.registrations.get(pending.template.purpose),
            issued_at=row.created_at,
            expires_at=row.expires_at,
            wallet_nonce=wallet_nonce,
        )

    def _verify(self, row: Row, pending: Pending, answer: VpResponse, now: datetime) -> Taken:
        challenge = Challenge(row.nonce, self.identity.client_id)
        try:
            lists = self.lists.views(now)
            summary = verify_presentation(
                presentation=answer.presentation,
                challenge=challenge,
                query=pending.template.query,
                trust=lists.trust,
                status=lists.status,
                policy=self.policy,
                now=now,
            )
        except PassportError as error:
            self._end(row, Progress.FAILED, error.code)
            raise
        with self._lock:
            pending.presentation = answer.presentation
            pending.acting = answer.acting
        code = self._keep(row, pending, summary, now)
        receipt = self.receipts.give(
            answer.presentation,
            query=pending.template.query,
            claims=self._claims(row, pending, None),
            purpose=pending.template.purpose,
            now=now,
        )
        return Taken(code, receipt)

    def _keep(
        self, row: Row, pending: Pending, summary: VerifiedSummary, now: datetime
    ) -> str | None:
        code = confirm_code(self.random) if self.settings.confirm else None
        with self._lock:
            pending.summary = summary
            pending.forget_at = now + self.settings.result_lifetime
            pending.confirm_code = code
        refused = refusal(summary)
        progress = Progress.CONFIRMING if code else Progress.ANSWERED
        self._store.finish(row.id, progress=progress, code=refused)
        if refused is not None:
            raise ServiceError(refused)
        return code

    def _end(self, row: Row, progress: Progress, code: str) -> None:
        with self._lock:
            self._pending.pop(row.id, None)
        self._store.finish(row.id, progress=progress, code=code)

    def _answerable(self, handle: str) -> tuple[Row, Pending]:
        row = self._store.by_handle(handle)
        progress = Progress(row.progress)
        if progress is Progress.EXPIRED or (progress.is_open and row.expires_at <= self._now()):
            raise ServiceError("transaction.expired")
        with self._lock:
            pending = self._pending.get(row.id)
        if not progress.is_open or pending is None:
            raise ServiceError("transaction.closed")
        return row, pending

    def _sweep(self, now: datetime) -> None:
        """Forget results whose time is over, and questions that nobody answered."""
        with self._lock:
            gone = {name: one for name, one in self._pending.items() if one.forget_at <= now}
            for name in gone:
                del self._pending[name]
        for name, one in gone.items():
            progress = Progress.EXPIRED if one.summary is None else Progress.CLOSED
            self._store.finish(name, progress=progress)

    def _link(self, row: Row) -> str:
        link = RequestLink(
            self.identity.client_id,
            f"{self.settings.public_url}{REQUEST_PATH}{row.handle}",
            self.settings.request_uri_method,
        )
        return link.text()

    def _code(self, row: Row) -> str:
        """What a patient types who has no camera; without registration only half of it."""
        ods = self.identity.ods
        return spelled(ods, row.short_code) if ods else row.short_code

    def _view(self, row: Row) -> TransactionView:
        with self._lock:
            pending = self._pending.get(row.id)
        progress, code = Progress(row.progress), row.code
        if progress.is_open and row.expires_at <= self._now():
            progress, code = Progress.EXPIRED, "transaction.expired"
        shown = pending if pending is not None and pending.confirm_code is None else None
        summary = shown.summary if shown else None
        differing = (
            differences(shown.expected, summary) if shown and shown.expected and summary else None
        )
        return TransactionView(
            id=row.id,
            template=self._template(row),
            progress=progress,
            short_code=self._code(row),
            link=self._link(row),
            created_at=row.created_at,
            expires_at=row.expires_at,
            code=code or (CODE if differing else None),
            summary=summary,
            forget_at=shown.forget_at if shown else None,
            differences=differing,
            acting=bool(shown and shown.acting),
        )

    def _template(self, row: Row) -> DeskTemplate:
        return self.templates.recalled(row.template)
