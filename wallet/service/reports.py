"""``wallet.reports``: "Something wrong?" goes to the surgery that gave the record.

Rules: the words are sealed for the people at the surgery, and its answer for this wallet; the
report is written down before it is sent, under an id of its own, so that an answer that is lost
costs nothing; the record shows as disputed at once, until it is answered. What is *not* here:
correcting notes, which only the surgery can.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, JoseError, PassportError, ServiceError
from healthpassport.jose import jwe
from healthpassport.record_words import day, record_label
from healthpassport.summary import definition
from wallet.client.holding import HolderClient
from wallet.vault import Vault

from .changes import ChangeNote
from .disputes import (
    ANSWERED,
    OPEN,
    SENDING,
    OwnReport,
    add_own_report,
    change_own_report,
    read_own_reports,
)
from .grants import Grant, access, grant_for, note_end, read_grants
from .outcomes import DONE, Outcome, of_grant, outcome
from .renewing import renew
from .shelf import StoredRecord
from .surroundings import Surroundings

MAX_WORDS: Final = 2_000  # characters, as an issuer takes
MAX_ANSWER: Final = 2_000  # characters kept of what a surgery answers
ID_BYTES: Final = 24
_PATH: Final = "/holder/reports"
_WORDS: Final = {
    "sending": {
        "en": "Not sent yet. We will try again.",
        "cy": "Heb ei anfon eto. Byddwn yn rhoi cynnig arall arni.",
    },
    "open": {
        "en": "The surgery has your note. They must answer by {day}.",
        "cy": "Mae eich nodyn gan y feddygfa. Rhaid iddynt ateb erbyn {day}.",
    },
    "corrected": {
        "en": "The surgery has changed its notes.",
        "cy": "Mae'r feddygfa wedi newid ei nodiadau.",
    },
    "not_changed": {
        "en": "The surgery has kept its notes as they are.",
        "cy": "Mae'r feddygfa wedi cadw ei nodiadau fel y maent.",
    },
    "answered": {"en": "The surgery has answered.", "cy": "Mae'r feddygfa wedi ateb."},
}


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as its writer sees it; ``status`` is in words, ``late`` when no answer came in time.

    ``answer`` holds the surgery's own words.
    """

    id: str
    record_type: str
    label: str
    issuer: str
    person: str
    words: str
    made_at: datetime
    due_by: datetime | None
    state: str
    outcome: str
    status: str
    answer: str
    late: bool

    def wire(self) -> dict[str, Json]:
        """The report as JSON."""
        return {
            "id": self.id,
            "type": self.record_type,
            "label": self.label,
            "issuer": self.issuer,
            "person": self.person,
            "words": self.words,
            "madeAt": self.made_at.isoformat(),
            "dueBy": None if self.due_by is None else self.due_by.isoformat(),
            "state": self.state,
            "outcome": self.outcome,
            "status": self.status,
            "answer": self.answer,
            "late": self.late,
        }


class Reports:
    """What one wallet's owner says is wrong.

    Args:
        opened: the vault, unlocked.
        around: network, clock, language.
        find: a record by what its owner calls it.
    """

    def __init__(
        self,
        opened: Callable[[], Vault],
        around: Surroundings,
        find: Callable[[str], StoredRecord],
    ) -> None:
        self._opened = opened
        self._around = around
        self._find = find

    def list(self) -> tuple[ReportView, ...]:
        """Every report, the newest first; nobody is asked anything."""
        return tuple(self._view(one) for one in read_own_reports(self._opened()))

    def report(self, record: str, words: str) -> tuple[ReportView, Outcome]:
        """Tell the surgery what is wrong in ``record``, and fetch copies that say so.

        Where the surgery cannot be reached the report waits in the wallet (``update`` sends it).

        Raises:
            ServiceError: ``report.words``, ``report.wrong_record``, ``wallet.no_way_back``.
        """
        vault, stored = self._opened(), self._find(record)
        said = words.strip()
        if not said or len(said) > MAX_WORDS:
            raise ServiceError("report.words")
        if stored.until is not None or definition(stored.record.type).by_holder:
            raise ServiceError("report.wrong_record")
        grant = grant_for(vault, stored)
        if grant is None:
            raise ServiceError("wallet.no_way_back")
        if grant.ended:
            raise ServiceError(grant.ended)
        key, _ = jwe.generate_encryption_key("reply")
        made = OwnReport(
            row=0,
            id=b64url_encode(self._around.random(ID_BYTES)),
            iss=stored.iss,
            issuer=stored.issuer,
            person=stored.person,
            record_type=stored.record.type,
            words=said,
            made_at=self._around.clock(),
            key=dict(key.jwk),
        )
        with vault.transaction() as writer:
            row = add_own_report(writer, vault, made)
        ended = self._exchange(vault, grant)
        kept = next(one for one in read_own_reports(vault) if one.row == row)
        return self._view(kept), ended

    def update(self) -> tuple[Outcome, ...]:
        """Send what waits and ask for answers; one outcome for each surgery and person."""
        vault = self._opened()
        asked = {(one.iss, one.person): one for one in read_own_reports(vault) if one.waits}
        done = []
        for (iss, person), one in asked.items():
            grants = [g for g in read_grants(vault) if (g.iss, g.person) == (iss, person)]
            usable = [g for g in grants if not g.ended] or grants
            if usable:
                done.append(self._exchange(vault, usable[0]))
            else:
                code, language = "wallet.no_way_back", self._around.language
                done.append(outcome(code, language, issuer=one.issuer, person=person))
        return tuple(done)

    def tell_again(self, records: Collection[StoredRecord]) -> None:
        """After a newer offer of ``records``: what waits is told anew, and their copies say so.

        Nobody is asked where nothing waits; what fails now is tried again by ``update``.
        """
        vault = self._opened()
        waits = {(one.iss, one.person) for one in read_own_reports(vault) if one.waits}
        for line in waits & {(one.iss, one.person) for one in records}:
            grants = [g for g in read_grants(vault) if (g.iss, g.person) == line and not g.ended]
            if grants:
                self._exchange(vault, grants[0])

    def forget(self, report: str) -> None:
        """Delete a report that was answered, or that never left the wallet."""
        vault = self._opened()
        found = [o for o in read_own_reports(vault) if o.id == report and o.state != OPEN]
        if not found:
            raise ServiceError("report.unknown")
        with vault.transaction() as writer:
            writer.delete("state", found[0].row)

    def _exchange(self, vault: Vault, grant: Grant) -> Outcome:
        """Send what waits for this surgery, read its answers, and fetch copies that say so."""
        language = self._around.language
        mine = [
            one
            for one in read_own_reports(vault)
            if one.waits and (one.iss, one.person) == (grant.iss, grant.person)
        ]
        notes: tuple[ChangeNote, ...] = ()
        try:
            client = access(grant, vault=vault, around=self._around)
            told = _Told.of(client.look(_PATH))
            changed = {one.record_type for one in mine if self._settle(vault, client, told, one)}
            if changed:
                now = next(one for one in read_grants(vault) if one.row == grant.row)
                notes = renew(client, now, types=changed, vault=vault, around=self._around).notes
        except PassportError as error:
            if error.code.startswith("vault."):
                raise
            if error.code == "grant.no_source":  # it is said; only newer copies cannot come
                return of_grant(grant, DONE, language)
            note_end(vault, grant, error)
            return of_grant(grant, error.code, language)
        return of_grant(grant, DONE, language, notes=notes)

    def _settle(self, vault: Vault, client: HolderClient, told: _Told, one: OwnReport) -> bool:
        """Bring one report on; whether its record has to be fetched anew."""
        row = told.rows.get(one.id)
        if row is None and one.state == OPEN:
            # A newer offer began another line there: it is told again, and by its id stands once.
            one = replace(one, state=SENDING)
            change_own_report(vault, one)
        if row is None:
            row = client.call(_PATH, _sealed(one, told.key))
        after = _settled(one, row)
        if after == one:
            return False
        change_own_report(vault, after)
        return True

    def _view(self, one: OwnReport) -> ReportView:
        language, now = self._around.language, self._around.clock()
        words = _WORDS.get(one.outcome or one.state, _WORDS[ANSWERED])[language]
        due = "" if one.due_by is None else day(one.due_by.date(), language)
        return ReportView(
            id=one.id,
            record_type=one.record_type,
            label=record_label(definition(one.record_type), language),
            issuer=one.issuer,
            person=one.person,
            words=one.words,
            made_at=one.made_at,
            due_by=one.due_by,
            state=one.state,
            outcome=one.outcome,
            status=words.format(day=due),
            answer=one.answer,
            late=one.waits and one.due_by is not None and one.due_by < now,
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """What a surgery says of the reports that it has, by their ids, and the key for new ones."""

    key: Mapping[str, Json] | None
    rows: Mapping[str, Mapping[str, Json]]

    @classmethod
    def of(cls, value: Mapping[str, Json]) -> _Told:
        key, rows = value.get("key"), value.get("reports")
        found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        return cls(
            key if isinstance(key, Mapping) else None, {str(row.get("id")): row for row in found}
        )


def _sealed(one: OwnReport, key: Mapping[str, Json] | None) -> dict[str, Json]:
    if key is None:
        raise ServiceError("report.not_taken")
    public = {name: value for name, value in one.key.items() if name in {"kty", "crv", "x", "y"}}
    try:
        sealed = jwe.encrypt(dump_json({"words": one.words}), recipient_jwk=key)
    except PassportError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error
    return {
        "id": one.id,
        "record_type": one.record_type,
        "sealed": sealed,
        "reply_key": public,
    }


def _settled(one: OwnReport, row: Mapping[str, Json]) -> OwnReport:
    """``one`` as the surgery's ``row`` has it; what cannot be understood changes nothing."""
    try:
        due = datetime.fromisoformat(str(row.get("due_by"))).astimezone(UTC)
    except ValueError as error:
        raise ServiceError("wallet.issuer_failed", "it gives no day for its answer") from error
    if row.get("state") != ANSWERED:
        return replace(one, state=OPEN, due_by=due)
    told = row.get("outcome")
    return replace(
        one,
        state=ANSWERED,
        due_by=due,
        outcome=told if told in {"corrected", "not_changed"} else "",
        answer=_answer(one, row.get("answer")),
    )


def _answer(one: OwnReport, sealed: Json) -> str:
    """The surgery's words; none where they cannot be opened."""
    if not isinstance(sealed, str):
        return ""
    try:
        kid = str(jwe.read_header(sealed).get("kid", ""))
        opened = jwe.decrypt(sealed, private_key=jwe.EncryptionKey(kid, one.key))
        words = parse_json_object(opened).get("words")
    except (JoseError, EncodingError):
        return ""
    return words[:MAX_ANSWER] if isinstance(words, str) else ""
