"""What the wallet's owner states themselves: their words and home readings, signed here.

Rules: it is of the person whose records are held, so that a desk can tell whose it is; every copy
has a key of its own that signs it and holds it; a new statement goes beside the earlier ones in one
record, which replaces the older. Nobody checks it, and nothing here says that anybody did. What is
*not* here: what a desk makes of it (healthpassport.verification).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from healthpassport.credential import VerifiedIssuer
from healthpassport.dids.jwk import did_jwk
from healthpassport.encoding import Json
from healthpassport.errors import RecordError, ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.formats.coarse_times import RecordTimes, whole_days
from healthpassport.keys import SoftwareSigner, generate_signer
from healthpassport.record_words import NOT_CHECKED, record_label
from healthpassport.summary import (
    Item,
    Record,
    RecordDefinition,
    SectionState,
    Source,
    definition,
    from_payload,
    to_payload,
)
from healthpassport.verification.person import identifies
from wallet.client.checking import CheckedCopy, CheckedRecord
from wallet.vault import Vault

from .passports import of_person, settled
from .past import HistoryEntry, HistoryKind, add_entry
from .shelf import (
    StoredRecord,
    add_record,
    copy_rows,
    delete_record,
    older_rows,
    read_record,
)
from .surroundings import Surroundings

STATED: Final = "PatientStated"
FORMAT: Final = "dc+sd-jwt"  # the one in which a wallet signs
LIFE_DAYS: Final = 90  # words of today say little of next year
MAX_ITEMS: Final = 50
SELF: Final = Source("SELF", "The person themselves", "wallet")
OWN: Final = "urn:health-passport:own-words"  # in the vault, where issuers have their address
YOU: Final = {"en": "you", "cy": "chi"}


def say(
    item: Mapping[str, Json],
    *,
    about: StoredRecord | None,
    person: str | None = None,
    anew: bool,
    vault: Vault,
    around: Surroundings,
) -> StoredRecord:
    """Add ``item`` (``text``, ``reading``, ``date``) to what the person states.

    Args:
        item: the members of one unit of a PatientStated; without ``date`` it is of today.
        about: a record of the person whose words they are, where more than one person's are held.
        person: that person's passport, where it is known without a record.
        anew: whether everything that was stated before is dropped.
        vault: unlocked.
        around: the wallet's clock and the number of copies.

    Raises:
        ServiceError: ``wallet.whose_words`` where no record, or records of several people, say
            whose words they are; ``wallet.words`` for words that no record can hold.
    """
    now = around.clock()
    records = settled(vault)
    if about is not None:
        person = about.person
    held = records if person is None else of_person(records, person)
    if any(record.until is not None for record in held) and person is not None:
        raise ServiceError("helper.not_yours")
    subject = _subject(held, about)
    person = person or next(r.person for r in held if r.until is None)
    known = definition(STATED)
    said = Item({"date": now.date().isoformat(), **item})
    checked = _signed([said], subject, known, now, around)  # refused before anything is changed
    older = [row for row in older_rows(vault, checked) if read_record(vault, row).person == person]
    earlier = () if anew else [i for row in older for i in read_record(vault, row).record.items]
    if len(earlier) >= MAX_ITEMS:
        raise ServiceError("wallet.words", f"there are {MAX_ITEMS} already: begin anew")
    if earlier:
        checked = _signed([*earlier, said], subject, known, now, around)
    replaced = {row: copy_rows(vault, row) for row in older}
    label = record_label(known, around.language)
    with vault.transaction() as writer:
        for row, copies in replaced.items():
            delete_record(writer, row, copies)
        added = add_record(writer, vault, checked, now=now, person=person)
        entry = HistoryEntry(now, HistoryKind.ADDED, what=(label,), person=person)
        add_entry(writer, entry)
    return read_record(vault, added)


def _subject(held: Sequence[StoredRecord], about: StoredRecord | None) -> dict[str, Json]:
    """Who speaks, as the record ``about`` or all records of others say."""
    names = definition(STATED).subject_fields
    own = [r for r in held if r.record.type != STATED and r.until is None]
    records = [about] if about is not None else own
    people = [{n: r.payload[n] for n in names if n in r.payload} for r in records]
    people = [person for person in people if identifies(person)]
    if not people:
        raise ServiceError("wallet.whose_words", "no record names you yet")
    if about is None and len({record.person for record in records}) > 1:
        raise ServiceError("wallet.whose_words", "you hold records of more than one person")
    return max(people, key=len)


def _signed(
    items: Sequence[Item],
    subject: Mapping[str, Json],
    known: RecordDefinition,
    now: datetime,
    around: Surroundings,
) -> CheckedRecord:
    record = Record(
        STATED,
        SELF,
        SectionState.ITEMS,
        now.date(),
        window=known.window,
        subject=subject,
        items=tuple(items),
    )
    try:
        payload = to_payload(record)
    except RecordError as error:
        raise ServiceError("wallet.words", error.code) from error
    times = whole_days(now, days=LIFE_DAYS)
    keys = [generate_signer() for _ in range(around.copies)]
    texts = ((key, _copy(payload, known, key, times, around)) for key in keys)
    copies = tuple(CheckedCopy(FORMAT, text, key) for key, text in texts)
    return CheckedRecord(
        definition=known,
        issuer=VerifiedIssuer(OWN, "", _you(around.language)),
        payload=payload,
        record=from_payload(payload),
        issued_at=times.issued_at,
        expires_at=times.expires_at,
        copies=copies,
    )


def _copy(
    payload: Mapping[str, Json],
    known: RecordDefinition,
    key: SoftwareSigner,
    times: RecordTimes,
    around: Surroundings,
) -> str:
    """One copy, signed by the key that holds it: two desks that compare see two keys."""
    return sd_jwt_vc.issue(
        payload=payload,
        disclosable=known.disclosures,
        signer=key,
        iss=did_jwk(key.public_key),
        holder_jwk=key.public_key.jwk(),
        issued_at=times.issued_at,
        expires_at=times.expires_at,
        salts=around.random,
    )


def _you(language: str) -> str:
    return f"{YOU[language]} ({NOT_CHECKED[language]})"
