"""Records that a patient shows to the issuer that signed them: checked with its own key and lists.

The steps of docs/verification.md, with the issuer's own knowledge in the place of the lists: its
address and key for step 3, the entry in its own database for step 7. Nobody else's record passes.
What is *not* here: what is made of them (``cards``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.encoding import Json
from healthpassport.errors import CardError, ProtocolError, StatusError
from healthpassport.formats import DisclosedCredential, format_named
from healthpassport.protocols.dcql import Answer, CredentialQuery, Query
from healthpassport.protocols.dcql.answers import check_ids, check_one
from healthpassport.status.entries import VALID
from healthpassport.status.token_status_list import reference
from healthpassport.summary import DisclosedRecord, from_payload
from healthpassport.verification.person import contradicts, identifies
from issuer.store import Issuance, grants, issuances, reports, statuses

from .context import IssuerContext
from .disputes import is_disputed
from .token_lists import STATUS_PATH


def own_records(
    issuer: IssuerContext,
    tx: Connection,
    *,
    presentation: Presentation,
    challenge: Challenge,
    query: Query,
) -> tuple[tuple[DisclosedRecord, Issuance], ...]:
    """What ``presentation`` shows of this issuer's own live records of one person.

    Raises:
        ProtocolError: where it is no answer to ``query``.
        CardError: ``card.not_own``, ``card.not_live``, ``card.disputed`` while the patient's report
            of an error in it is not answered, ``card.not_one_person``.
        CredentialError, JoseError, RecordError: what the format and the record's rules refuse.
    """
    check_ids(query, {name: len(given) for name, given in presentation.answers.items()})
    found = [
        _own(issuer, tx, wanted, presented, challenge)
        for wanted in query.credentials
        for presented in presentation.answers.get(wanted.id, ())
    ]
    subjects = [record.subject for record, _ in found]
    if (
        contradicts(subjects)
        or not all(identifies(subject) for subject in subjects)
        or not _one_name(subjects)
    ):
        raise CardError("card.not_one_person")
    return tuple(found)


def _one_name(subjects: Sequence[Mapping[str, Json]]) -> bool:
    """Whether one given name stands in all: twins share the rest where neither has a number.

    Where all records show the same number, an older one may have another name.
    """
    numbers = [subject.get("nhsNumber") for subject in subjects]
    return all(numbers) or all(
        one.get("givenNames") == subjects[0].get("givenNames") for one in subjects
    )


def _own(
    issuer: IssuerContext,
    tx: Connection,
    wanted: CredentialQuery,
    presented: Credential,
    challenge: Challenge,
) -> tuple[DisclosedRecord, Issuance]:
    if presented.format != wanted.format:
        raise ProtocolError("dcql.type_mismatch", "another format was asked for")
    format_ = format_named(presented.format)
    parsed = format_.parse(presented.value)
    if parsed.iss != issuer.settings.iss:
        raise CardError("card.not_own")
    disclosed = format_.verify(
        parsed, issuer_key=issuer.signer.public_key, challenge=challenge, now=issuer.clock()
    )
    if disclosed.holder_key is None:
        raise CardError("card.not_own", "it is bound to nobody")
    issuance = _live(issuer, tx, disclosed.payload)
    record = from_payload(format_.record(_asked(wanted, presented.format, disclosed)))
    root = grants.root_of_issuance(tx, issuance.id)
    disputed = frozenset[str]() if root is None else reports.disputed_types(tx, root)
    if is_disputed(record.type, disputed):
        raise CardError("card.disputed")
    return record, issuance


def _asked(
    wanted: CredentialQuery, format_: str, disclosed: DisclosedCredential
) -> Mapping[str, Json]:
    """OpenID4VP 1.0 section 8.6: what was not asked for is taken out."""
    answer = Answer(
        format=format_,
        vct=disclosed.vct,
        payload=disclosed.payload,
        disclosed=disclosed.disclosed,
    )
    return check_one(wanted, answer).payload


def _live(issuer: IssuerContext, tx: Connection, payload: Mapping[str, Json]) -> Issuance:
    """The issuance of a record whose own entry says that it is valid."""
    try:
        entry = reference(payload)
    except StatusError as error:
        raise CardError("card.not_live", error.code) from error
    number = entry.uri.removeprefix(issuer.url(STATUS_PATH))
    row = statuses.entry(tx, int(number), entry.index) if number.isdecimal() else None
    issuance = None if row is None else issuances.find(tx, row[0])
    if row is None or issuance is None:
        raise CardError("card.not_live", "no such entry was given")
    if row[1] != VALID or issuance.status != VALID:
        raise CardError("card.not_live")
    return issuance
