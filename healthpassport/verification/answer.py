"""Steps 1 to 8 of docs/verification.md for one presented record.

Everything that the presentation says of itself only chooses a key until step 4 has passed. What is
*not* here: the comparison between records (``presentation``) and how a state is told
(``sections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.credential import Challenge, Credential, VerifiedIssuer
from healthpassport.encoding import Json
from healthpassport.errors import CredentialError, ProtocolError, RecordError, StatusError
from healthpassport.formats import DisclosedCredential, ParsedCredential, Place, format_named
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.protocols.dcql import Answer, CredentialQuery
from healthpassport.protocols.dcql.answers import check_one
from healthpassport.status.reference import StatusReference, reference, require_valid, status_name
from healthpassport.status.stored import StatusView, StoredStatusList
from healthpassport.summary import (
    DisclosedRecord,
    definition_for_vct,
    disclosure_tree,
    from_payload,
)
from healthpassport.trust.model import TrustedIssuer, TrustView
from healthpassport.verification.checklist import Checklist, Step
from healthpassport.verification.issuer import trusted_issuer
from healthpassport.verification.policy import FreshnessPolicy

# Not a refusal of the record: the desk has no list that is young enough to speak about it.
_UNSURE: Final = frozenset({"status.stale", "status.expired"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the steps compare with: one request, one trust list, one moment."""

    challenge: Challenge
    trust: TrustView
    status: StatusView
    policy: FreshnessPolicy
    now: datetime


@dataclass(frozen=True, slots=True)
class ProvenAnswer:
    """A record whose issuer, signature and holder were proven, and what was found beside.

    ``unsure_code`` says why trust or status could not be checked, ``expired`` that it is past its
    validity: authentic content that is shown and never accepted.
    """

    query_id: str
    record: DisclosedRecord
    issuer: VerifiedIssuer
    issued_at: datetime
    expires_at: datetime
    status: str | None
    trust_list_age: timedelta
    status_list_age: timedelta | None
    checklist: Checklist
    expired: bool
    old: bool
    unsure_code: str | None

    @property
    def code(self) -> str | None:
        """Why this answer is not accepted, or None."""
        return self.unsure_code or ("cred.expired" if self.expired else None)


def prove(
    wanted: CredentialQuery, presented: Credential, *, within: Surroundings, checklist: Checklist
) -> ProvenAnswer:
    """Take ``presented`` through steps 1 to 8.

    Raises:
        PassportError: the first refusal, already noted in ``checklist`` with its step.
    """
    with checklist.step(Step.FORMAT):
        if presented.format != wanted.format:
            raise ProtocolError("dcql.type_mismatch", "another format was asked for")
        format_ = format_named(presented.format)
        parsed = format_.parse(presented.value)
    with checklist.step(Step.TYPE):
        record_type = _record_type(wanted, parsed)
    with checklist.step(Step.ISSUER):
        issuer, key = trusted_issuer(
            parsed,
            record_type=record_type,
            trust_list=within.trust.trust_list,
            now=within.now,
        )
    with checklist.step(Step.SIGNATURE):
        disclosed = format_.verify(
            parsed,
            issuer_key=key,
            challenge=within.challenge,
            now=within.now,
            expired_accepted=True,  # step 6 judges it: out of date is shown, not hidden
        )
    with checklist.step(Step.RECORD):
        _refuse_other_disclosures(disclosed, record_type, format_.ROOT)
        record = from_payload(format_.record(disclosed.payload))
    expired = _expired(disclosed.expires_at, now=within.now, checklist=checklist)
    status, status_age, unsure = _status(
        disclosed.payload, issuer, within=within, checklist=checklist
    )
    with checklist.step(Step.QUERY):
        asked = check_one(wanted, _dcql_answer(presented.format, disclosed))
        if asked.dropped:
            record = from_payload(format_.record(asked.payload))
    if within.trust.stale:
        checklist.unsure(Step.ISSUER, "trust.stale")
        unsure = "trust.stale"
    return ProvenAnswer(
        query_id=wanted.id,
        record=record,
        issuer=VerifiedIssuer(issuer.iss, issuer.ods, issuer.name),
        issued_at=disclosed.issued_at,
        expires_at=disclosed.expires_at,
        status=status,
        trust_list_age=within.trust.age,
        status_list_age=status_age,
        checklist=checklist,
        expired=expired,
        old=within.policy.is_old(record.type, as_of=record.as_of, now=within.now),
        unsure_code=unsure,
    )


def _record_type(wanted: CredentialQuery, parsed: ParsedCredential) -> str:
    """SD-JWT VC draft-19 section 2.2.2.1: vct is compared as it stands, and was asked for."""
    vct = parsed.vct
    if vct is None:
        raise CredentialError("sdjwtvc.vct")
    if vct not in wanted.types:
        raise ProtocolError("dcql.type_mismatch", "another record type was asked for")
    return definition_for_vct(vct).type


def _refuse_other_disclosures(
    disclosed: DisclosedCredential, record_type: str, root: Place
) -> None:
    """Only what the definition lets a holder hold back may have come in a disclosure.

    A dose that could be shown without its drug, or a state that could be left out, is refused even
    where everything was shown this time (SD-JWT VC draft-19 section 4.6.4, sd "never"), and so is a
    gap where nothing may be held back.
    """
    separable = frozenset((*root, *path) for path in disclosure_tree(record_type))
    around = frozenset(path[:-1] for path in separable)
    for places, allowed in ((disclosed.disclosed, separable), (disclosed.gaps, around)):
        for place in places:
            if tuple(None if isinstance(step, int) else step for step in place) not in allowed:
                raise RecordError("record.separable")


def _expired(expires_at: datetime, *, now: datetime, checklist: Checklist) -> bool:
    """RFC 7519 section 4.1.4, with the project's tolerance."""
    if now < expires_at + CLOCK_SKEW:
        checklist.passed(Step.VALIDITY)
        return False
    checklist.failed(Step.VALIDITY, "cred.expired")
    return True


def _dcql_answer(format_: str, disclosed: DisclosedCredential) -> Answer:
    return Answer(
        format=format_,
        vct=disclosed.vct,
        payload=disclosed.payload,
        disclosed=disclosed.disclosed,
    )


def _status(
    claims: Mapping[str, Json],
    issuer: TrustedIssuer,
    *,
    within: Surroundings,
    checklist: Checklist,
) -> tuple[str | None, timedelta | None, str | None]:
    """The entry's word, the age of its list, and why it could not be checked (or None).

    Draft-ietf-oauth-status-list-20 section 8.3.
    """
    age: timedelta | None = None
    try:
        entry = reference(claims)
        stored = _list_at_hand(entry, issuer, within.status)
        age = within.now - stored.held.issued_at
        value = stored.held.get(entry.index)
        # An old list that says withdrawn is believed; one that says valid is not.
        require_valid(value)
        stored.held.require_current(now=within.now, max_age=within.policy.status_list)
    except StatusError as error:
        if error.code not in _UNSURE:
            checklist.failed(Step.STATUS, error.code)
            raise
        checklist.unsure(Step.STATUS, error.code)
        return None, age, error.code
    checklist.passed(Step.STATUS)
    return status_name(value), age, None


def _list_at_hand(
    entry: StatusReference, issuer: TrustedIssuer, lists: StatusView
) -> StoredStatusList:
    """The prefetched list that ``entry`` names; nothing is fetched here.

    A list that the trust list does not name for this issuer says nothing of its records, and a
    presentation cannot make a desk call anywhere.
    """
    stored = lists.get(entry.uri)
    if stored is not None and stored.iss == issuer.iss:
        return stored
    if stored is not None:
        raise StatusError("status.signer", "the list belongs to another issuer")
    if issuer.status_aggregation is None and entry.uri not in issuer.status_lists:
        raise StatusError("status.signer", "the trust list names no such list for this issuer")
    raise StatusError("status.stale", "no copy of the list is at hand")
