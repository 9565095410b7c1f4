"""Answering a request: ask the person, then send what they ticked, or nothing.

Rules: each request is asked about anew and each question is answered once (``consent.required``);
a copy counts as shown before it leaves, and history is written before it leaves, so that a crash
can only make us say too much of what was shared, never too little.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import FetchError, RequestError, ServiceError, TrustError
from healthpassport.formats import format_named
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import RecordDefinition, definition_for_vct
from wallet.client.answering import Delivered, send_answer, send_refusal
from wallet.client.asking import read_request
from wallet.consent import ChosenRecord, ConsentQuestion, ask, chosen, label
from wallet.consent.acting import PROXIES
from wallet.consent.words import record_label
from wallet.vault import Vault

from .choosing import PersonHeld, WhichPersonError, people_held, which
from .past import HistoryEntry, HistoryKind, add_entry, change_entry
from .shelf import StoredCopy, mark_shown, read_copy
from .surroundings import Surroundings

QUESTION_LIFE: Final = timedelta(minutes=10)  # then the request itself has run out
ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class ShareReceipt:
    """What was sent: labels and counts, and what the person should know.

    ``reused`` names records whose copies were all shown before: who saw them could compare.
    ``redirect`` is where the desk would lead a browser; an unsafe one is ``redirect_blocked``.
    """

    asker: str
    what: tuple[str, ...]
    reused: tuple[str, ...]
    redirect: str | None
    redirect_blocked: bool


class Sharing:
    """The questions that are open, each until it is answered or too old."""

    def __init__(self, vault: Vault, around: Surroundings) -> None:
        self._vault = vault
        self._around = around
        self._open: dict[str, datetime] = {}
        self._waiting: dict[str, tuple[VerifiedRequest, datetime]] = {}

    def prepare(self, link: str, person: str | None = None) -> ConsentQuestion:
        """The question behind the request ``link``; a refusal by the wallet stands in history.

        Raises:
            WhichPersonError: where several people's records could answer: name one of them with
                ``person`` and the same link, which is not fetched again.
        """
        around = self._around
        people = people_held(self._vault, around)  # a locked vault is told before anybody is asked
        try:
            request = self._request(link)
            question = which(
                people,
                person,
                language=around.language,
                ask=lambda one: self._question(request, one),
            )
        except (RequestError, TrustError) as error:
            self._note(HistoryEntry(around.clock(), HistoryKind.REFUSED, code=error.code))
            raise
        except WhichPersonError:
            self._waiting = {link: (request, around.clock())}
            raise
        self._open[question.id] = around.clock()
        return question

    def _request(self, link: str) -> VerifiedRequest:
        """The verified request: the one that waits for its person, or fetched."""
        around = self._around
        waiting, self._waiting = self._waiting.get(link), {}
        if waiting is not None and around.clock() - waiting[1] <= QUESTION_LIFE:
            return waiting[0]
        return read_request(
            link,
            fetcher=around.fetcher,
            trust=around.trust(),
            now=around.clock(),
            random=around.random,
        )

    def _question(self, request: VerifiedRequest, one: PersonHeld | None) -> ConsentQuestion:
        around = self._around
        person = one.passport.id if one is not None and one.acting_for else ""
        # Who may act for somebody concerns those who deal with that somebody's proxy.
        unasked = frozenset() if person else frozenset({PROXIES})
        return ask(
            request,
            question_id=around.random(ID_BYTES).hex(),
            records=one.records if one is not None else (),
            unticked=read_choices(self._vault, request, person) | unasked,
            language=around.language,
            now=around.clock(),
        )

    def share(self, question: ConsentQuestion, numbers: Collection[int]) -> ShareReceipt:
        """Send what is ticked with ``numbers``, once."""
        self._check_open(question)
        keep_choices(self._vault, question, numbers)
        picked = chosen(question, numbers)
        copies = [read_copy(self._vault, int(p.record.reference)) for p in picked]
        presentation = self._presentation(question, picked, copies)
        entry = self._entry(question, HistoryKind.SHARED, picked)
        with self._vault.transaction() as writer:
            for copy in copies:
                mark_shown(writer, copy)
            row = add_entry(writer, entry)
        del self._open[question.id]
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
                self._open[question.id] = self._around.clock()
            raise
        return self._receipt(question, picked, copies, delivered)

    def decline(self, question: ConsentQuestion) -> None:
        """Send nothing but that nothing comes; the desk learns no reason."""
        self._check_open(question)
        del self._open[question.id]
        self._note(self._entry(question, HistoryKind.DECLINED, ()))
        try:
            send_refusal(request=question.request, fetcher=self._around.fetcher)
        except FetchError:  # silence says the same, only later
            return

    def _check_open(self, question: ConsentQuestion) -> None:
        asked = self._open.get(question.id)
        if asked is None or self._around.clock() - asked > QUESTION_LIFE:
            self._open.pop(question.id, None)
            raise RequestError("consent.required")

    def _presentation(
        self,
        question: ConsentQuestion,
        picked: Collection[ChosenRecord],
        copies: Collection[StoredCopy],
    ) -> Presentation:
        challenge = Challenge(question.request.nonce, question.request.client_id)
        now = self._around.clock()
        return Presentation(
            {
                entry.query_id: (
                    Credential(
                        entry.record.format,
                        format_named(entry.record.format).present(
                            entry.record.held,
                            disclose=entry.places,
                            challenge=challenge,
                            holder_signer=copy.signer,
                            now=now,
                            random=self._around.random,
                        ),
                    ),
                )
                for entry, copy in zip(picked, copies, strict=True)
            }
        )

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


def read_choices(vault: Vault, request: VerifiedRequest, person: str = "") -> frozenset[str]:
    """The boxes that were unticked for this asker and purpose the last time.

    ``person`` is the passport's id where the owner acts for somebody else.
    """
    rows = vault.rows("state", tag=vault.tag(_choice_tag(request, person)))
    if not rows:
        return frozenset()
    keys = parse_json_object(vault.read("state", rows[0])).get("unticked")
    return frozenset(str(key) for key in keys) if isinstance(keys, list) else frozenset()


def keep_choices(vault: Vault, question: ConsentQuestion, numbers: Collection[int]) -> None:
    """Remember what is unticked now; boxes that this request does not show keep their choice."""
    person = question.person if question.acting_for else ""
    before = read_choices(vault, question.request, person)
    ticked = {tick.key for tick in question.ticks if tick.number in numbers}
    unticked = {tick.key for tick in question.ticks} - ticked
    after = (before - ticked) | unticked
    if after == before:
        return
    tag = vault.tag(_choice_tag(question.request, person))
    rows = vault.rows("state", tag=tag)
    stored: Mapping[str, Json] = {"unticked": sorted(after)}
    with vault.transaction() as writer:
        if rows:
            writer.replace("state", rows[0], dump_json(stored))
        else:
            writer.add("state", dump_json(stored), tag=tag)


def _choice_tag(request: VerifiedRequest, person: str) -> str:
    return f"choices {request.client_id} {request.purpose} {person}".rstrip()


def _definition(entry: ChosenRecord) -> RecordDefinition:
    return definition_for_vct(str(entry.record.held.payload["vct"]))
