"""What travels between issuer, holder and verifier, and what a verifier may rely on.

``Credential`` and ``Presentation`` are opaque: a format reads them. ``VerifiedSummary`` is made by
``healthpassport.verification`` alone, and the desk's pages accept nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from healthpassport.encoding import Json
from healthpassport.summary import Item, SectionState


@dataclass(frozen=True, slots=True)
class Credential:
    """One signed record as issued: format identifier (``dc+sd-jwt``) and its serialisation."""

    format: str
    value: str


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a holder sent: for each credential query of the request, one or more presentations."""

    answers: Mapping[str, tuple[Credential, ...]]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What binds a presentation to one request: the verifier's nonce and its full client_id."""

    nonce: str
    audience: str


class DeskState(StrEnum):
    """What a clinician is told of a section; the first seven are the source's own words."""

    ITEMS = "items"
    NONE_KNOWN = "none_known"
    NO_INFORMATION = "no_information"
    NOT_RECORDED = "not_recorded"
    WITHHELD = "withheld"
    NARRATIVE_ONLY = "narrative_only"
    ONLY_INACTIVE = "only_inactive"
    NOT_SHARED = "not_shared"
    PARTLY_SHARED = "partly_shared"
    NOT_ASKED_FOR = "not_asked_for"
    OUT_OF_DATE = "out_of_date"
    COULD_NOT_CHECK = "could_not_check"
    FAILED_CHECK = "failed_check"
    NOT_MATCHED = "not_matched"
    NOT_CHECKED = "not_checked"


class Outcome(StrEnum):
    """How one check ended. ``could_not_check`` is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_CHECK = "could_not_check"


@dataclass(frozen=True, slots=True)
class Check:
    """One numbered step of docs/verification.md and how it ended; ``code`` names a refusal."""

    step: int
    name: str
    outcome: Outcome
    code: str | None = None


class Rule(StrEnum):
    """A rule of the hospital's freshness policy (docs/verifier.md), by what it limits."""

    RECORD_AGE = "record_age"
    RECORD_DATE = "record_date"
    VALID_UNTIL = "valid_until"
    TRUST_LIST_AGE = "trust_list_age"
    STATUS_LIST_AGE = "status_list_age"


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that a section did not keep: what it allows, and what was found.

    ``RECORD_DATE``: how far a record may be dated ahead. ``VALID_UNTIL``: how long ago the issuer's
    own end was; nothing is allowed beyond it. Where no list was at hand ``found`` is None.
    """

    rule: Rule
    limit: timedelta
    found: timedelta | None


@dataclass(frozen=True, slots=True)
class VerifiedIssuer:
    """Who signed, as the trust list names it: never as the credential names itself.

    A section that the person's own wallet signed has none.
    """

    iss: str
    ods: str
    name: str


@dataclass(frozen=True, slots=True)
class VerifiedSection:
    """One record as verified: what was shown, n of m, from whom, how old, how checked.

    ``shown`` and ``total`` count items. ``record_state`` is what the source said, ``state`` what
    the clinician is told. Content (items, negations, subject) is empty where a check failed.
    ``trust_list_age`` and ``status_list_age`` are measured at ``VerifiedSummary.verified_at``.
    ``rules`` names each rule of the policy that made this section old, out of date or unsure.
    """

    query_id: str
    record_type: str
    state: DeskState
    shown: int = 0
    total: int = 0
    record_state: SectionState | None = None
    items: tuple[Item, ...] = ()
    negations: tuple[Item, ...] = ()
    subject: Mapping[str, Json] | None = None
    always: Mapping[str, Json] | None = None
    source: Mapping[str, Json] | None = None
    window: str = "all"
    warnings: tuple[str, ...] = ()
    issuer: VerifiedIssuer | None = None
    as_of: date | None = None
    issued_at: datetime | None = None
    valid_until: datetime | None = None
    status: str | None = None
    trust_list_age: timedelta | None = None
    status_list_age: timedelta | None = None
    checks: tuple[Check, ...] = ()
    code: str | None = None
    old: bool = False
    rules: tuple[FiredRule, ...] = ()


class Verdict(StrEnum):
    """``accepted``: every section shown was checked. ``rejected``: at least one failed a check."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class VerifiedSummary:
    """Everything that one presentation proved, made by ``healthpassport.verification`` alone."""

    verdict: Verdict
    sections: tuple[VerifiedSection, ...]
    verified_at: datetime
    trust_list_age: timedelta
    codes: tuple[str, ...] = ()

    def section(self, record_type: str) -> VerifiedSection | None:
        """The first section of ``record_type``, or None."""
        return next((s for s in self.sections if s.record_type == record_type), None)


class CardLimit(StrEnum):
    """What paper cannot prove; each is said beside every card that is read."""

    COPY = "copy"  # a photo or a copy reads the same
    HOLDER = "holder"  # it does not show who holds it
    CHOSEN = "chosen"  # its holder chose what stands on it
    PRINTED = "printed"  # it is as old as its print: it does not renew itself


@dataclass(frozen=True, slots=True)
class VerifiedCard:
    """What one emergency card proved, made by ``healthpassport.verification`` alone.

    ``summary`` has a section for each kind of record that a card can hold, with the same states
    and verdict as a presentation, so that the same words are said of both. ``subject`` is None
    where a check failed. ``status`` is where the card's own entry stands.
    """

    summary: VerifiedSummary
    subject: Mapping[str, Json] | None
    issuer: VerifiedIssuer | None = None
    issued_at: datetime | None = None
    valid_until: datetime | None = None
    limits: tuple[CardLimit, ...] = tuple(CardLimit)
