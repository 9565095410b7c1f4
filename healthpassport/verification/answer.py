"""Steps 1 to 8 of docs/verification.md for one presented record.

Everything that the presentation says of itself only chooses a key until step 4 has passed. What is
*not* here: the comparison between records (``presentation``) and how a state is told
(``sections``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, TypeAlias

from healthpassport.credential import Challenge, Credential, FiredRule, VerifiedIssuer
from healthpassport.errors import CredentialError, ProtocolError, RecordError
from healthpassport.formats import DisclosedCredential, ParsedCredential, Place, format_named
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys.public import PublicKey
from healthpassport.protocols.dcql import Answer, CredentialQuery
from healthpassport.protocols.dcql.answers import check_one
from healthpassport.status.stored import StatusView
from healthpassport.summary import (
    DisclosedRecord,
    definition_for_vct,
    disclosure_tree,
    from_payload,
)
from healthpassport.trust.model import TrustedKey, TrustView
from healthpassport.verification.checklist import Checklist, Step
from healthpassport.verification.issuer import trusted_issuer
from healthpassport.verification.policy import FreshnessPolicy
from healthpassport.verification.rules import fired_rules, is_old
from healthpassport.verification.self_signed import check_own, is_self_signed, own_key
from healthpassport.verification.status import check_status
from schemas.definitions import SECOND_SIGNATURE

# No part of the record: the signature beside the first (docs/adr/0025), shown or held back.
_Path: TypeAlias = tuple[str | int | None, ...]  # None: any element
_FORMAT_DISCLOSURES: Final = frozenset({(SECOND_SIGNATURE,)})


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

    ``issuer`` is None for what a person states themselves: nobody else vouches for it.
    ``unsure_code`` says why trust or status could not be checked, ``expired`` that it is past its
    validity: authentic content that is shown and never accepted.
    """

    query_id: str
    record: DisclosedRecord
    issuer: VerifiedIssuer | None
    issued_at: datetime
    expires_at: datetime
    status: str | None
    trust_list_age: timedelta
    status_list_age: timedelta | None
    checklist: Checklist
    expired: bool
    old: bool
    unsure_code: str | None
    rules: tuple[FiredRule, ...] = ()

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
    if is_self_signed(record_type):  # the one branch past the trust list; see self_signed
        return _stated(wanted, parsed, presented.format, within=within, checklist=checklist)
    with checklist.step(Step.ISSUER):
        issuer, trusted = trusted_issuer(
            parsed,
            record_type=record_type,
            trust_list=within.trust.trust_list,
            now=within.now,
        )
        second_key = _second_key(trusted, within.policy)
    with checklist.step(Step.SIGNATURE):
        disclosed = format_.verify(
            parsed,
            issuer_key=trusted.public_key,
            challenge=within.challenge,
            now=within.now,
            expired_accepted=True,  # step 6 judges it: out of date is shown, not hidden
            second_key=second_key,
        )
    with checklist.step(Step.RECORD):
        _refuse_other_disclosures(disclosed, record_type, format_.ROOT)
        record = from_payload(format_.record(disclosed.payload))
    expired = _expired(disclosed.expires_at, now=within.now, checklist=checklist)
    status = check_status(
        disclosed.payload,
        issuer,
        lists=within.status,
        max_age=within.policy.status_list,
        now=within.now,
        checklist=checklist,
    )
    unsure = status.unsure
    with checklist.step(Step.QUERY):
        record = _as_asked(wanted, presented.format, disclosed, record)
    if within.trust.stale:
        checklist.unsure(Step.ISSUER, "trust.stale")
        unsure = "trust.stale"
    rules = fired_rules(
        within.policy,
        record_type=record.type,
        as_of=record.as_of,
        ended_at=disclosed.expires_at if expired else None,
        trust=within.trust,
        status=status,
        now=within.now,
    )
    return ProvenAnswer(
        query_id=wanted.id,
        record=record,
        issuer=VerifiedIssuer(issuer.iss, issuer.ods, issuer.name),
        issued_at=disclosed.issued_at,
        expires_at=disclosed.expires_at,
        status=status.name,
        trust_list_age=within.trust.age,
        status_list_age=status.age,
        checklist=checklist,
        expired=expired,
        old=is_old(rules),
        unsure_code=unsure,
        rules=rules,
    )


def _stated(
    wanted: CredentialQuery,
    parsed: ParsedCredential,
    format_: str,
    *,
    within: Surroundings,
    checklist: Checklist,
) -> ProvenAnswer:
    """What a person states themselves: no issuer, no status, and nothing left of it past its day.

    Steps 3 and 7 are not noted: nobody was looked up, so that nothing there passed.
    """
    known = format_named(format_)
    try:
        key = own_key(parsed)
    except CredentialError as error:
        checklist.failed(Step.ISSUER, error.code)
        raise
    with checklist.step(Step.SIGNATURE):
        disclosed = known.verify(parsed, issuer_key=key, challenge=within.challenge, now=within.now)
        check_own(disclosed, key)
    with checklist.step(Step.RECORD):
        record_type = definition_for_vct(disclosed.vct).type
        _refuse_other_disclosures(disclosed, record_type, known.ROOT)
        record = from_payload(known.record(disclosed.payload))
    with checklist.step(Step.QUERY):
        record = _as_asked(wanted, format_, disclosed, record)
    rules = fired_rules(
        within.policy,
        record_type=record.type,
        as_of=record.as_of,
        ended_at=None,
        trust=None,
        status=None,
        now=within.now,
    )
    return ProvenAnswer(
        query_id=wanted.id,
        record=record,
        issuer=None,
        issued_at=disclosed.issued_at,
        expires_at=disclosed.expires_at,
        status=None,
        trust_list_age=within.trust.age,
        status_list_age=None,
        checklist=checklist,
        expired=False,
        old=is_old(rules),
        unsure_code=None,
        rules=rules,
    )


def _as_asked(
    wanted: CredentialQuery, format_: str, disclosed: DisclosedCredential, record: DisclosedRecord
) -> DisclosedRecord:
    """``record`` without what was not asked for."""
    answer = Answer(
        format=format_,
        vct=disclosed.vct,
        payload=disclosed.payload,
        disclosed=disclosed.disclosed,
    )
    asked = check_one(wanted, answer)
    claims = format_named(format_).record(asked.payload)
    return from_payload(claims) if asked.dropped else record


def _record_type(wanted: CredentialQuery, parsed: ParsedCredential) -> str:
    """SD-JWT VC draft-19 section 2.2.2.1: vct is compared as it stands, and was asked for."""
    vct = parsed.vct
    if vct is None:
        raise CredentialError("sdjwtvc.vct")
    if vct not in wanted.types:
        raise ProtocolError("dcql.type_mismatch", "another record type was asked for")
    return definition_for_vct(vct).type


def _second_key(trusted: TrustedKey, policy: FreshnessPolicy) -> PublicKey | None:
    """The post-quantum key, only where the policy asks; then the list must vouch for one."""
    if not policy.require_post_quantum:
        return None
    if trusted.second_key is None:
        raise CredentialError("pq.untrusted")
    return trusted.second_key


def _refuse_other_disclosures(
    disclosed: DisclosedCredential, record_type: str, root: Place
) -> None:
    """Only what the definition lets a holder hold back may have come in a disclosure.

    A dose that could be shown without its drug, or a state that could be left out, is refused even
    where everything was shown this time (SD-JWT VC draft-19 section 4.6.4, sd "never"), and so is a
    gap where nothing may be held back.
    """
    separable, around = _separable(record_type, root)
    for places, allowed in ((disclosed.disclosed, separable), (disclosed.gaps, around)):
        for place in places:
            if tuple(None if isinstance(step, int) else step for step in place) not in allowed:
                raise RecordError("record.separable")


@cache  # as many as there are definitions and formats
def _separable(record_type: str, root: Place) -> tuple[frozenset[_Path], frozenset[_Path]]:
    """What a holder may hold back, and where a gap may be."""
    own = frozenset((*root, *path) for path in disclosure_tree(record_type))
    separable = own | _FORMAT_DISCLOSURES
    return separable, frozenset(path[:-1] for path in separable)


def _expired(expires_at: datetime, *, now: datetime, checklist: Checklist) -> bool:
    """RFC 7519 section 4.1.4, with the project's tolerance."""
    if now < expires_at + CLOCK_SKEW:
        checklist.passed(Step.VALIDITY)
        return False
    checklist.failed(Step.VALIDITY, "cred.expired")
    return True
