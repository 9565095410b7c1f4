"""An emergency card to a VerifiedCard, offline: the steps of docs/verification.md that paper has.

The trust list decides whose key is right (issuer, key, ``EmergencyCard``, day of signing), the
status lists at hand whether it was withdrawn, and each section's age how it is told. Not needed:
step 2 (there is one type), step 8 (nobody asked), holder binding (a card has none). One person by
construction: one signature covers the name and every section. What is *not* here: words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from healthpassport import cards
from healthpassport.cards import CardClaims, CardContent, CardSection, ParsedCard
from healthpassport.credential import (
    DeskState,
    Verdict,
    VerifiedCard,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.errors import CredentialError, PassportError, TrustError
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.status.reference import StatusReference
from healthpassport.status.stored import StatusView
from healthpassport.summary import definition
from healthpassport.trust.model import TrustedIssuer, TrustedKey, TrustList, TrustView
from healthpassport.verification.checklist import Checklist, Step
from healthpassport.verification.policy import FreshnessPolicy
from healthpassport.verification.rules import fired_rules, is_old
from healthpassport.verification.sections import failed_section
from healthpassport.verification.status import StatusFound, check_status
from schemas.cards import CARD, table


@dataclass(frozen=True, slots=True)
class _Proven:
    """A card whose issuer and signature were proven, and what was found beside."""

    claims: CardClaims
    issuer: TrustedIssuer
    status: StatusFound
    expired: bool
    unsure: str | None

    @property
    def code(self) -> str | None:
        """Why this card is not accepted, or None."""
        return self.unsure or ("cred.expired" if self.expired else None)


def verify_card(
    text: str, *, trust: TrustView, status: StatusView, policy: FreshnessPolicy, now: datetime
) -> VerifiedCard:
    """Verify the emergency card ``text`` with what is at hand.

    Args:
        text: what the QR code holds, or ``cards.typed`` made of typed letters.
        trust: the trust list as read now, with its age.
        status: the status lists at hand, by URI.
        policy: greatest ages.
        now: aware; the moment for which everything is judged.

    Returns:
        The card. A refusal is told in its sections and its codes, never raised.
    """
    checklist = Checklist()
    try:
        proven = _prove(text, trust=trust, status=status, policy=policy, now=now, noted=checklist)
    except PassportError as error:
        return _failed(error.code, checklist, trust=trust, now=now)
    content = proven.claims.content
    sections = tuple(
        _section(one, proven, checklist, trust=trust, policy=policy, now=now)
        if (one := content.section(row.record_type)) is not None
        else VerifiedSection("", row.record_type, DeskState.NOT_SHARED)
        for row in table().sections
    )
    codes = (proven.code,) if proven.code else ()
    return VerifiedCard(
        summary=VerifiedSummary(
            Verdict.REJECTED if codes else Verdict.ACCEPTED, sections, now, trust.age, codes
        ),
        subject=content.subject,
        issuer=_named(proven.issuer),
        issued_at=proven.claims.issued_at,
        valid_until=proven.claims.expires_at,
    )


def card_key(
    parsed: ParsedCard, *, trust_list: TrustList, now: datetime
) -> tuple[TrustedIssuer, TrustedKey]:
    """The issuer and the key that must have signed ``parsed`` for it to be believed.

    Raises:
        CredentialError: ``cred.not_yet_valid``.
        TrustError: when the list does not name the issuer, or a key of that name for cards on the
            day of signing.
    """
    claims = parsed.claims
    if claims.issued_at > now + CLOCK_SKEW:
        raise CredentialError("cred.not_yet_valid", "signed in the future")
    keys = trust_list.issuer(claims.iss).keys
    named = [k.thumbprint for k in keys if cards.key_name(k.thumbprint) == parsed.key_name]
    if len(named) != 1:
        raise TrustError("trust.key_unknown")
    return trust_list.issuer_key(
        iss=claims.iss, thumbprint=named[0], record_type=CARD, at=claims.issued_at
    )


def _prove(
    text: str,
    *,
    trust: TrustView,
    status: StatusView,
    policy: FreshnessPolicy,
    now: datetime,
    noted: Checklist,
) -> _Proven:
    with noted.step(Step.FORMAT):
        parsed = cards.parse(text)
    with noted.step(Step.ISSUER):
        issuer, key = card_key(parsed, trust_list=trust.trust_list, now=now)
    with noted.step(Step.SIGNATURE):
        claims = cards.verify(parsed, issuer_key=key.public_key)
    noted.passed(Step.RECORD)  # reading judged the content already, by its definitions
    expired = now >= claims.expires_at + CLOCK_SKEW
    if expired:
        noted.failed(Step.VALIDITY, "cred.expired")
    else:
        noted.passed(Step.VALIDITY)
    found = check_status(
        {"status": StatusReference(claims.status_uri, claims.status_index).claim()},
        issuer,
        lists=status,
        max_age=policy.status_list,
        now=now,
        checklist=noted,
    )
    unsure = found.unsure
    if trust.stale:
        noted.unsure(Step.ISSUER, "trust.stale")
        unsure = "trust.stale"
    return _Proven(claims, issuer, found, expired, unsure)


def _section(
    section: CardSection,
    proven: _Proven,
    checklist: Checklist,
    *,
    trust: TrustView,
    policy: FreshnessPolicy,
    now: datetime,
) -> VerifiedSection:
    claims = proven.claims
    rules = fired_rules(
        policy,
        record_type=section.record_type,
        as_of=section.as_of,
        ended_at=claims.expires_at if proven.expired else None,
        trust=trust,
        status=proven.status,
        now=now,
    )
    return VerifiedSection(
        query_id="",
        record_type=section.record_type,
        state=_state(section, proven),
        shown=len(section.items),
        total=section.item_count,
        record_state=section.state,
        items=section.items,
        subject=claims.content.subject,
        always={},
        source=_source(claims.content),
        window=definition(section.record_type).window,
        warnings=(table().implied_warning, *section.warnings),
        issuer=_named(proven.issuer),
        as_of=section.as_of,
        issued_at=claims.issued_at,
        valid_until=claims.expires_at,
        status=proven.status.name,
        trust_list_age=trust.age,
        status_list_age=proven.status.age,
        checks=tuple(checklist.checks),
        code=proven.code,
        old=is_old(rules),
        rules=rules,
    )


def _state(section: CardSection, proven: _Proven) -> DeskState:
    """As of a presentation (``sections``): a list that is not whole never keeps its own state."""
    if proven.unsure is not None:
        return DeskState.COULD_NOT_CHECK
    if proven.expired:
        return DeskState.OUT_OF_DATE
    if section.item_count and not section.items:
        return DeskState.NOT_SHARED
    if not section.complete:
        return DeskState.PARTLY_SHARED
    return DeskState(section.state.value)


def _failed(code: str, checklist: Checklist, *, trust: TrustView, now: datetime) -> VerifiedCard:
    """Nothing of a card that failed a check is shown: every section is hidden and named."""
    sections = tuple(
        failed_section(query_id="", record_type=row.record_type, code=code, checks=checklist.checks)
        for row in table().sections
    )
    age: timedelta = trust.age
    return VerifiedCard(VerifiedSummary(Verdict.REJECTED, sections, now, age, (code,)), None)


def _named(issuer: TrustedIssuer) -> VerifiedIssuer:
    return VerifiedIssuer(issuer.iss, issuer.ods, issuer.name)


def _source(content: CardContent) -> dict[str, str]:
    return {"ods": content.ods, "name": content.organisation, "system": ""}
