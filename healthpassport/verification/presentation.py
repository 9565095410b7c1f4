"""The whole presentation: each record through its steps, then all of them together.

See docs/verification.md. One record that fails does not hide the others from the clinician, but the
verdict is then rejected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from healthpassport.credential import (
    Challenge,
    Credential,
    DeskState,
    Presentation,
    Verdict,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.errors import PassportError
from healthpassport.protocols.dcql import CredentialQuery, Query
from healthpassport.protocols.dcql.answers import check_ids
from healthpassport.status.stored import StatusView
from healthpassport.trust.model import TrustView
from healthpassport.verification.answer import Surroundings, prove
from healthpassport.verification.checklist import Checklist
from healthpassport.verification.person import Match, compare, contradicts, identifies
from healthpassport.verification.policy import FreshnessPolicy
from healthpassport.verification.sections import (
    failed_section,
    matched,
    not_matched,
    record_type_asked,
    shown_section,
    unanswered_sections,
)

SUBJECT_MISMATCH: Final = "match.subject_mismatch"
NO_SUBJECT: Final = "match.subject_missing"
_NOBODYS: Final = frozenset({DeskState.FAILED_CHECK, DeskState.NOT_MATCHED, DeskState.NOT_CHECKED})


def verify_presentation(
    *,
    presentation: Presentation,
    challenge: Challenge,
    query: Query,
    trust: TrustView,
    status: StatusView,
    policy: FreshnessPolicy,
    now: datetime,
) -> VerifiedSummary:
    """Verify what a holder sent in answer to ``query``.

    Args:
        presentation: for each credential query that was answered, its presentations.
        challenge: the nonce and client_id of the request that is answered.
        query: what that request asked for.
        trust: the trust list as read now, with its age.
        status: the status lists at hand, by URI.
        policy: greatest ages.
        now: aware; the moment for which everything is judged.

    Returns:
        The summary. A refusal is told in its sections and its ``codes``, never raised, except for
        the shape of the answer as a whole.

    Raises:
        ProtocolError: ``dcql.unknown_id``, ``dcql.multiple`` or ``dcql.set_unsatisfied``: the
            answer is not one to this query.
    """
    check_ids(query, {name: len(given) for name, given in presentation.answers.items()})
    within = Surroundings(challenge, trust, status, policy, now)
    sections = [
        _section(wanted, presented, within)
        for wanted in query.credentials
        for presented in presentation.answers.get(wanted.id, ())
    ]
    sections = _one_person(sections)
    codes = tuple(dict.fromkeys(s.code for s in sections if s.code is not None))
    return VerifiedSummary(
        verdict=Verdict.REJECTED if codes or not sections else Verdict.ACCEPTED,
        sections=(*sections, *unanswered_sections(query, presentation.answers)),
        verified_at=now,
        trust_list_age=trust.age,
        codes=codes,
    )


def _section(
    wanted: CredentialQuery, presented: Credential, within: Surroundings
) -> VerifiedSection:
    checklist = Checklist()
    try:
        answer = prove(wanted, presented, within=within, checklist=checklist)
    except PassportError as error:
        return failed_section(
            query_id=wanted.id,
            record_type=record_type_asked(wanted),
            code=error.code,
            checks=checklist.checks,
        )
    return shown_section(answer)


def _one_person(sections: list[VerifiedSection]) -> list[VerifiedSection]:
    """Step 9: every record names a person, and it is the same one.

    What a person states themselves says nothing of who they are: it neither begins, nor links two
    records to each other, nor contradicts any, and it belongs where a checked record names the same
    person.
    """
    vouched = [s for s in sections if s.state is not DeskState.NOT_CHECKED]
    judged = iter(_of_one_person(vouched))
    settled = [s if s.state is DeskState.NOT_CHECKED else next(judged) for s in sections]
    theirs = [s for s in settled if s.state not in _NOBODYS]
    return [_stated(s, theirs) if s.state is DeskState.NOT_CHECKED else s for s in settled]


def _stated(section: VerifiedSection, theirs: list[VerifiedSection]) -> VerifiedSection:
    found = {compare(section.subject or {}, one.subject or {}) for one in theirs}
    if Match.DIFFERENT in found:
        return not_matched(section, SUBJECT_MISMATCH)
    return matched(section) if Match.SAME in found else not_matched(section, NO_SUBJECT)


def _of_one_person(sections: list[VerifiedSection]) -> list[VerifiedSection]:
    """A record belongs when some record that already belongs names the same person.

    The first one that names anybody begins.
    """
    shown = [s for s in sections if s.state is not DeskState.FAILED_CHECK]
    if contradicts(s.subject or {} for s in shown):
        return [_unless_failed(s, SUBJECT_MISMATCH) for s in sections]
    one = [s for s in shown if identifies(s.subject or {})][:1]
    grown = True
    while grown:
        more = [s for s in shown if s not in one and any(_same(s, known) for known in one)]
        one += more
        grown = bool(more)
    return [matched(s) if s in one else _unless_failed(s, NO_SUBJECT) for s in sections]


def _same(one: VerifiedSection, other: VerifiedSection) -> bool:
    return compare(one.subject or {}, other.subject or {}) is Match.SAME


def _unless_failed(section: VerifiedSection, code: str) -> VerifiedSection:
    return section if section.state is DeskState.FAILED_CHECK else not_matched(section, code)
