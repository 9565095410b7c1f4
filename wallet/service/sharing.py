"""Answering a request: ask the person, then send what they ticked, or nothing.

Rules: each request is asked about anew and answered once (``open_questions``); a copy counts as
shown before it leaves, and history is written before it leaves, so that a crash can only make us
say too much of what was shared, never too little; a request that the wallet refuses stands in
history, without any value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.errors import (
    DidError,
    EncodingError,
    FetchError,
    JoseError,
    KeyMaterialError,
    PassportError,
    RequestError,
    ServiceError,
    TrustError,
)
from healthpassport.formats import format_named
from healthpassport.record_words import record_label
from healthpassport.requests import VerifiedRequest, asked_for
from healthpassport.summary import RecordDefinition, definition_for_vct
from wallet.client.answering import Delivered, send_answer, send_refusal
from wallet.client.asking import read_request
from wallet.consent import ChosenRecord, ConsentQuestion, Refusal, ask, chosen, label, refusal_of
from wallet.consent.acting import PROXIES
from wallet.consent.boxes import record_key
from wallet.consent.question import NO_CHOICE
from wallet.consent.refusal import YOURS
from wallet.vault import Vault

from .choices import keep_choices, read_choices
from .choosing import PersonHeld, WhichPersonError, people_held, which
from .evidence import sent_of
from .open_questions import QUESTION_LIFE, OpenQuestions
from .past import HistoryEntry, HistoryKind, add_entry, change_entry
from .receipts import ReceiptState, check_and_keep
from .shelf import StoredCopy, mark_shown, read_copy
from .surroundings import Surroundings

ID_BYTES: Final = 16
# Why the wallet itself refuses a request: each of these is kept in history.
_REFUSED: Final = (
    RequestError,
    TrustError,
    KeyMaterialError,
    JoseError,
    EncodingError,
    DidError,
)


@dataclass(frozen=True, slots=True)
class ShareReceipt:
    """What was sent: labels and counts, and what the person should know.

    ``reused`` names records whose copies were all shown before: who saw them could compare.
    ``redirect`` is where the desk would lead a browser; an unsafe one is ``redirect_blocked``.
    ``confirm_code`` is to be told to the staff, so that nobody else's screen is answered (RFC
    10027). ``receipt`` says whether the desk confirmed what it received, ``problems`` what of that
    does not match.
    """

    asker: str
    what: tuple[str, ...]
    reused: tuple[str, ...]
    redirect: str | None
    redirect_blocked: bool
    confirm_code: str | None = None
    receipt: ReceiptState = ReceiptState.MISSING
    problems: tuple[str, ...] = ()


class Sharing:
    """The questions that are open, each until it is answered or too old."""

    def __init__(self, vault: Vault, around: Surroundings) -> None:
        self._vault = vault
        self._around = around
        self._open = OpenQuestions(around.clock)
        self._waiting: dict[str, tuple[VerifiedRequest, datetime]] = {}

    def speaking(self, around: Surroundings) -> Sharing:
        """The same open questions in the language of ``around``: ``choose`` asks one anew in it."""
        made = Sharing(self._vault, around)
        made._open = self._open
        made._waiting = self._waiting
        return made

    def prepare(self, link: str, person: str | None = None) -> ConsentQuestion:
        """The question behind the request ``link``; a refusal by the wallet stands in history.

        Raises:
            WhichPersonError: where several people's records could answer: name one of them with
                ``person`` and the same link, which is not fetched again.
        """
        found = self.consider(link, person)
        if isinstance(found, Refusal):
            raise found.error
        return found

    def consider(self, link: str, person: str | None = None) -> ConsentQuestion | Refusal:
        """As ``prepare``, with a refusal in words in place of an error about the request."""
        people = people_held(self._vault, self._around)  # a locked vault is told before all else
        request = None
        try:
            request = self._request(link)
            self._open.check_unanswered(request)
            question = self._asked(request, people, person)
        except WhichPersonError:
            if request is not None:
                self._waiting[link] = (request, self._around.clock())
            raise
        except _REFUSED as error:
            refusal = refusal_of(error, self._around.language, request=request)
            if refusal.side != YOURS:  # a slip of one's own is nobody's request
                self._note(_refused(error, request, self._around.clock()))
            return refusal
        except (FetchError, ServiceError) as error:  # nobody was kept out: nothing to remember
            return refusal_of(error, self._around.language, request=request)
        self._open.add(question)
        return question

    def choose(self, question: ConsentQuestion, chosen_ways: Mapping[str, str]) -> ConsentQuestion:
        """The same question, answered another way: an option for each choice, by its id.

        Choices that are not named stay as they are, and so does every box that both ways have. The
        question keeps its id and its person.
        """
        self._open.check(question)
        kept = {choice.id: choice.chosen for choice in question.choices}
        people = people_held(self._vault, self._around)
        other = self._asked(
            question.request,
            people,
            question.person or None,
            question_id=question.id,
            ways={**kept, **chosen_ways},
        )
        return other.as_ticked_in(question)

    def _asked(
        self,
        request: VerifiedRequest,
        people: Sequence[PersonHeld],
        person: str | None,
        *,
        question_id: str = "",
        ways: Mapping[str, str] = NO_CHOICE,
    ) -> ConsentQuestion:
        """The question about one of ``people``; ``question_id`` is kept where it has one."""
        around = self._around

        def about(one: PersonHeld | None) -> ConsentQuestion:
            acting = one.passport.id if one is not None and one.acting_for else ""
            records = one.records if one is not None else ()
            # Who may act for somebody concerns those who deal with that somebody's proxy.
            unasked = () if acting else [record_key(PROXIES, record) for record in records]
            return ask(
                request,
                question_id=question_id or around.random(ID_BYTES).hex(),
                records=records,
                unticked=read_choices(self._vault, request, acting).union(unasked),
                language=around.language,
                now=around.clock(),
                chosen=ways,
            )

        return which(people, person, language=around.language, ask=about)

    def _request(self, link: str) -> VerifiedRequest:
        """The verified request: the one that waits for its person, or fetched."""
        around = self._around
        waiting = self._waiting.pop(link, None)
        self._waiting.clear()  # one at a time
        if waiting is not None and around.clock() - waiting[1] <= QUESTION_LIFE:
            return waiting[0]
        return read_request(
            link,
            fetcher=around.fetcher,
            trust=around.trust(),
            now=around.clock(),
            random=around.random,
        )

    def share(self, question: ConsentQuestion, numbers: Collection[int]) -> ShareReceipt:
        """Send what is ticked with ``numbers``, once."""
        self._open.check(question)
        keep_choices(self._vault, question, numbers)
        picked = chosen(question, numbers)
        self._open.take(question)
        try:
            copies = [read_copy(self._vault, int(p.record.reference)) for p in picked]
            presentation = self._presentation(question, picked, copies)
            entry = self._entry(question, HistoryKind.SHARED, picked)
            sent = sent_of(question.request, picked, presentation, at=entry.when)
            entry = replace(entry, evidence=sent)
            with self._vault.transaction() as writer:
                for copy in copies:
                    mark_shown(writer, copy)
                row = add_entry(writer, entry)
        except PassportError:  # nothing left, so the question may still be answered
            self._open.give_back(question)
            raise
        try:
            delivered = send_answer(
                presentation,
                request=question.request,
                fetcher=self._around.fetcher,
                acting=bool(question.acting_for),
            )
        except (FetchError, ServiceError) as error:
            failed = replace(entry, kind=HistoryKind.NOT_DELIVERED, code=error.code)
            with self._vault.transaction() as writer:
                change_entry(writer, row, failed)
            if isinstance(error, FetchError):  # the same request may be answered again
                self._open.give_back(question)
            raise
        state, problems = check_and_keep(self._vault, row, delivered.receipt, sent, self._around)
        told = self._receipt(question, picked, copies, delivered)
        return replace(told, receipt=state, problems=problems)

    def decline(self, question: ConsentQuestion) -> Delivered:
        """Send nothing but that nothing comes; the desk learns no reason."""
        self._open.take(question)
        self._note(self._entry(question, HistoryKind.DECLINED, ()))
        try:
            return send_refusal(request=question.request, fetcher=self._around.fetcher)
        except FetchError:  # silence says the same, only later
            return Delivered(None, redirect_blocked=False)

    def _presentation(
        self,
        question: ConsentQuestion,
        picked: Collection[ChosenRecord],
        copies: Collection[StoredCopy],
    ) -> Presentation:
        challenge = Challenge(question.request.nonce, question.request.client_id)
        now = self._around.clock()
        answers: dict[str, tuple[Credential, ...]] = {}
        for entry, copy in zip(picked, copies, strict=True):
            text = format_named(entry.record.format).present(
                entry.record.held,
                disclose=entry.places,
                challenge=challenge,
                holder_signer=copy.signer,
                now=now,
                random=self._around.random,
            )
            before = answers.get(entry.query_id, ())
            answers[entry.query_id] = (*before, Credential(entry.record.format, text))
        return Presentation(answers)

    def _entry(
        self, question: ConsentQuestion, kind: HistoryKind, picked: Collection[ChosenRecord]
    ) -> HistoryEntry:
        return HistoryEntry(
            self._around.clock(),
            kind,
            who=question.asker,
            ods=question.asker_ods,
            purpose=question.purpose,
            retention=question.retention,
            what=tuple(what_was_shown(entry, self._around.language) for entry in picked),
            person=question.person,
            asked=asked_for(question.request.query),
        )

    def _receipt(
        self,
        question: ConsentQuestion,
        picked: Collection[ChosenRecord],
        copies: Collection[StoredCopy],
        delivered: Delivered,
    ) -> ShareReceipt:
        language = self._around.language
        reused = [p for p, copy in zip(picked, copies, strict=True) if copy.shown]
        return ShareReceipt(
            asker=question.asker,
            what=tuple(what_was_shown(entry, language) for entry in picked),
            reused=tuple(record_label(_definition(p), language) for p in reused),
            redirect=delivered.redirect,
            redirect_blocked=delivered.redirect_blocked,
            confirm_code=delivered.confirm_code,
        )

    def _note(self, entry: HistoryEntry) -> None:
        with self._vault.transaction() as writer:
            add_entry(writer, entry)


def what_was_shown(entry: ChosenRecord, language: str) -> str:
    """Labels and counts of a record that goes out, and no value."""
    definition, held = _definition(entry), entry.record.held
    name = record_label(definition, language)
    held_back = frozenset(held.places) - entry.places
    details = [
        label(field, language)
        for field_name, field in definition.subject_fields.items()
        if field_name in held.payload and (field_name,) not in held_back
    ]
    items = held.payload.get("items", ())
    count = len(items) if isinstance(items, list) else 0
    shown = sum(("items", index) not in held_back for index in range(count))
    total = held.payload.get("itemCount") if definition.has_items else 0
    counted = [f"{shown}/{total}"] if total else []
    return f"{name}: {', '.join([*counted, *details])}".removesuffix(": ")


def _definition(entry: ChosenRecord) -> RecordDefinition:
    return definition_for_vct(str(entry.record.held.payload["vct"]))


def _refused(error: PassportError, request: VerifiedRequest | None, now: datetime) -> HistoryEntry:
    """The line of history of a refused request; it names nobody who was not checked."""
    if request is None:
        return HistoryEntry(now, HistoryKind.REFUSED, code=error.code)
    return HistoryEntry(
        now,
        HistoryKind.REFUSED,
        who=request.name,
        ods=request.ods,
        retention=request.retention or "",
        code=error.code,
    )
