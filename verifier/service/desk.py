"""The desk: asks, hands out the signed request, takes one answer, shows it, forgets it.

One object serves all desks of an organisation; whoever calls says which desk it is, and sees only
that desk's transactions. Calls may come from several threads. What is *not* here: HTTP, where keys
and results are held (``holding``), the way of a question and of an answer (``questions``,
``answers``), and the judgement itself (``healthpassport.verification``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from types import MappingProxyType

from healthpassport.audit import Fact
from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher
from healthpassport.verification import FreshnessPolicy
from verifier.settings import VerifierSettings
from verifier.store import Row, Store, Wake

from .answers import Answers
from .api_keys import ApiKeys
from .audit import Actor, open_trail
from .export import evidence, export
from .holding import NOT_CONFIRMED, Held, Holding, Tried
from .hospital import open_hospital
from .identity import DeskIdentity
from .lists import DeskLists, Update
from .matching import CODE, Expected, differences
from .questions import Questions
from .receipts import DeskReceipts, Taken
from .sign_in import open_sign_in
from .templates import Templates
from .transactions import Clock, Progress, Random, TransactionView
from .webhooks import Webhooks


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
        holding: Holding,
        policy: FreshnessPolicy,
        clock: Clock,
        random: Random,
        provider_fetcher: Fetcher | None = None,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.templates = templates
        self.lists = lists
        self.api_keys = ApiKeys(settings.api_keys_file, uses=store.key_uses)
        self.audit = open_trail(
            settings, identity=identity, entries=store.audit, clock=clock, random=random
        )
        self.hospital = open_hospital(settings, clock=clock, random=random)
        self.audit.note(
            "desk.started",
            who=self.audit.own,
            key=identity.signer.public_key.thumbprint(),
            settings=self.audit.digest("settings", settings.model_dump_json()),
        )
        self.receipts = DeskReceipts(
            settings=settings,
            identity=identity,
            notes=store.receipts,
            random=random,
            audit=self.audit,
        )
        self.webhooks = Webhooks(settings, store.webhooks, random=random, audit=self.audit)
        self.holding = holding
        self.policy = policy
        self.clock = clock
        self.random = random
        self._store = store
        self.openings = store.staff
        self.sign_in = open_sign_in(
            settings,
            rows=store.staff,
            organisation=identity.ods,
            audit=self.audit,
            fetcher=provider_fetcher,
            clock=clock,
            random=random,
        )
        self._questions = Questions(
            settings=settings,
            identity=identity,
            templates=templates,
            store=store,
            holding=holding,
            audit=self.audit,
            clock=clock,
            random=random,
        )
        self._answers = Answers(
            settings=settings,
            identity=identity,
            questions=self._questions,
            holding=holding,
            lists=lists,
            receipts=self.receipts,
            audit=self.audit,
            policy=policy,
            random=random,
        )

    # -- staff ------------------------------------------------------------------------------

    def ask(
        self,
        template_name: str,
        *,
        desk: str,
        expected: Expected | None = None,
        who: Actor | None = None,
    ) -> TransactionView:
        """Open a transaction for ``template_name``; ``expected`` is whom the hospital admitted.

        Raises:
            ServiceError: ``verifier.template_unknown``, ``verifier.not_registered``,
                ``rate_limited`` where far too many are open, or ``audit.not_written``.
        """
        actor = who or self.caller(desk)
        row = self._questions.open(template_name, desk=desk, expected=expected, who=actor)
        return self._view(row)

    def caller(self, desk: str) -> Actor:
        """Whoever calls as ``desk``, where no member of staff is known."""
        return Actor(self.identity.ods, desk)

    def look(
        self,
        transaction_id: str,
        *,
        desk: str,
        who: Actor | None = None,
        facts: Mapping[str, Fact] = MappingProxyType({}),
    ) -> TransactionView:
        """The transaction as it stands; that ``who`` saw its result is written down before.

        ``facts`` say how much of it they see, and why.

        Raises:
            ServiceError: ``not_found`` for any that is not this desk's, ``audit.not_written``.
        """
        self.sweep()
        view = self._view(self._store.of_desk(transaction_id, desk=desk))
        if view.summary is not None:
            self.audit.opened(view.id, who=who or self.caller(desk), **facts)
        return view

    def standing(self, transaction_id: str, *, desk: str) -> TransactionView:
        """How the transaction stands, without its result: what nobody opens by it."""
        self.sweep()
        return self._shown(self._store.of_desk(transaction_id, desk=desk), None)

    def watching(self, transaction_id: str, wake: Wake) -> AbstractContextManager[None]:
        """Call ``wake``, from any thread, whenever the transaction may have changed."""
        return self._store.changes.watching(self._store.tenant, transaction_id, wake)

    @property
    def look_seconds(self) -> float:
        """How long whoever watches waits at most before looking unwoken."""
        return self._store.changes.look_seconds

    def recent(self, *, desk: str) -> tuple[TransactionView, ...]:
        """The desk's transactions of the last day, newest first, without results."""
        self.sweep()
        views = map(self._view, self._store.recent(desk=desk))
        return tuple(replace(view, summary=None) for view in views)

    def confirm(
        self,
        transaction_id: str,
        code: str,
        *,
        desk: str,
        who: Actor | None = None,
        facts: Mapping[str, Fact] = MappingProxyType({}),
    ) -> TransactionView:
        """Show the result once staff typed the code that the patient's wallet shows.

        ``facts`` are those of ``look``.

        Raises:
            ServiceError: ``not_found``, ``transaction.closed`` where there is nothing to confirm,
                ``transaction.not_confirmed`` for a wrong code; the third ends the transaction.
        """
        row = self._store.of_desk(transaction_id, desk=desk)
        actor = who or self.caller(desk)
        try:
            with self.audit.together():
                tried = self.holding.confirm(row, code)
                if tried is Tried.RIGHT:
                    self.audit.write("result.confirmed", who=actor, subject=row.id)
        except PassportError:
            with suppress(PassportError):
                self.holding.undo(row, progress=Progress.FAILED, code="audit.not_written")
            raise
        if tried is Tried.NOTHING:
            raise ServiceError("transaction.closed")
        if tried is not Tried.RIGHT:
            self.audit.note("result.not_confirmed", who=actor, subject=row.id)
            raise ServiceError(NOT_CONFIRMED)
        return self.look(row.id, desk=desk, who=actor, facts=facts)

    def fhir(
        self,
        transaction_id: str,
        *,
        desk: str,
        presentation: bool = False,
        who: Actor | None = None,
    ) -> dict[str, Json]:
        """The result as a FHIR document; ``presentation`` adds the evidence for a record.

        Raises:
            ServiceError: ``not_found`` where there is no result, or none that may go out, or
                ``audit.not_written``.
        """
        row = self._store.of_desk(transaction_id, desk=desk)
        held = self.holding.get(row.id)
        view = self._shown(row, held)
        if held is None or held.answer is None or view.summary is None:
            raise ServiceError("not_found", "there is no result to save")
        proof = None
        if presentation:
            challenge = Challenge(row.nonce, self.identity.client_id)
            proof = evidence(view.summary, held.answer.presentation, challenge, view.template.dcql)
        document = export(
            view.summary,
            desk=self.identity.organisation(view.template.purpose, self.settings.organisation),
            seed=f"{self.settings.public_url}/requests/{row.id}",
            differences=view.differences or (),
            presentation=proof,
        )
        self.audit.write(
            "result.exported",
            who=who or self.caller(desk),
            subject=row.id,
            form="fhir",
            presentation=presentation,
        )
        return document

    def close(self, transaction_id: str, *, desk: str, who: Actor | None = None) -> None:
        """Forget everything of a transaction: result and key at once, the row after a day.

        Forgetting waits for nothing: what cannot be written into the trail now is written later.
        """
        row = self._store.of_desk(transaction_id, desk=desk)
        actor = who or self.caller(desk)
        try:
            with self.audit.together():
                self.holding.end(row, progress=Progress.CLOSED, code=row.code)
                self.audit.write("result.closed", who=actor, subject=row.id)
        except PassportError:
            self.audit.note("result.closed", who=actor, subject=row.id)
            self.holding.end(row, progress=Progress.CLOSED, code=row.code)

    # -- wallets ----------------------------------------------------------------------------

    def request_object(self, handle: str, *, wallet_nonce: str | None = None) -> str:
        """The signed request (section 5.10); reading it twice gives the same question.

        Raises:
            ServiceError: ``transaction.unknown``, ``transaction.expired``,
                ``transaction.closed``, or ``http.invalid`` for an unusable wallet_nonce.
        """
        return self._questions.signed(handle, wallet_nonce=wallet_nonce)

    def link_for_code(self, typed: str) -> str:
        """The link of the open transaction whose short code was typed."""
        return self._questions.link_for_code(typed)

    def receive(self, handle: str, body: bytes) -> Taken:
        """Take the answer in ``body``; returns the code for the patient's screen and the receipt.

        A message that cannot be read leaves the transaction open; a presentation, good or not,
        uses it up.

        Raises:
            ServiceError: ``transaction.`` codes.
            ProtocolError, JoseError, CredentialError, ...: why nothing of the answer is shown.
        """
        return self._answers.receive(handle, body)

    # -- lists and health -------------------------------------------------------------------

    def update(self, *, due_only: bool = False) -> Update:
        """Fetch trust list and status lists; never called because of a presentation."""
        return self.lists.refresh(self._questions.now(), due_only=due_only)

    def check(self) -> None:
        """Fail, with the reason, where the desk could not verify an answer now."""
        self._store.check()
        self.holding.check()
        if self.lists.views(self._questions.now()).trust.stale:
            raise ServiceError("verifier.setup", "the trust list is too old")

    def sweep(self) -> None:
        """Forget what is to be forgotten by now; looking does so as well."""
        self._questions.sweep()

    def shut(self) -> None:
        """Forget everything in memory and close the database."""
        self.audit.rest()
        self.holding.shut()
        self._store.close()

    # -- inside -----------------------------------------------------------------------------

    def _view(self, row: Row) -> TransactionView:
        return self._shown(row, self.holding.get(row.id))

    def _shown(self, row: Row, held: Held | None) -> TransactionView:
        progress, code = Progress(row.progress), row.code
        if self._questions.is_over(row):
            progress, code = Progress.EXPIRED, "transaction.expired"
        shown = held if held is not None and held.confirm_code is None else None
        answer = shown.answer if shown else None
        differing = (
            differences(shown.expected, answer.summary)
            if shown and shown.expected and answer
            else None
        )
        return TransactionView(
            id=row.id,
            template=self._questions.template(row),
            progress=progress,
            short_code=self._questions.code(row),
            link=self._questions.link(row),
            created_at=row.created_at,
            expires_at=row.expires_at,
            code=code or (CODE if differing else None),
            summary=answer.summary if answer else None,
            forget_at=shown.forget_at if shown else None,
            differences=differing,
            acting=bool(answer and answer.acting),
        )
