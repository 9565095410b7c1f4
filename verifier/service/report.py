"""A transaction and its VerifiedSummary as JSON, for the API and the commands.

The shape is versioned and documented in docs/verifier.md. What is *not* here: words for a screen
(``words``), and FHIR.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from healthpassport.credential import FiredRule, VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.errors import catalogue
from healthpassport.summary import Item

from .acting import person_cautions
from .cutting import ACTING, closed_words
from .transactions import TransactionView
from .words import allergy_heading

VERSION: Final = 1


def view_json(view: TransactionView, *, now: datetime) -> dict[str, Json]:
    """The transaction with its result, if there is one to show."""
    left = int((view.expires_at - now).total_seconds()) if view.progress.is_open else 0
    return {
        "version": VERSION,
        "id": view.id,
        "template": view.template.id,
        "purpose": view.template.purpose,
        "state": view.progress.value,
        "created": _time(view.created_at),
        "expires": _time(view.expires_at),
        "secondsLeft": max(left, 0),
        "forgetAt": _time(view.forget_at),
        "problem": _problem(view.code),
        "differences": None if view.differences is None else list(view.differences),
        "result": _result(view),
        "closed": None
        if view.cut is None
        else {"records": view.cut.records, "words": closed_words(view.cut)},
    }


def _result(view: TransactionView) -> dict[str, Json] | None:
    if view.summary is None:
        return None
    result = summary_json(view.summary, acting=view.acting)
    if view.cut is None:
        return result
    # Each allergy heading, and each word on a proof, would be read as an answer.
    cautions = person_cautions(view.summary, said=False)
    told = [ACTING, *cautions] if view.acting else [*cautions]
    return {**result, "allergyHeading": None, "cautions": told}


def summary_json(summary: VerifiedSummary, *, acting: bool = False) -> dict[str, Json]:
    """Everything that was verified. ``allergyHeading`` is the one heading that may be shown.

    ``acting`` is the wallet's own word that its owner acts for the person; ``cautions`` has it in
    words, with its proof, and where safeguarding is to be looked for.
    """
    return {
        "version": VERSION,
        "verdict": summary.verdict.value,
        "verifiedAt": _time(summary.verified_at),
        "trustListAgeSeconds": _seconds(summary.trust_list_age),
        "codes": list(summary.codes),
        "allergyHeading": allergy_heading(summary).heading,
        "acting": acting,
        "cautions": list(person_cautions(summary, said=acting)),
        "sections": [_section(section) for section in summary.sections],
    }


def _section(section: VerifiedSection) -> dict[str, Json]:
    issuer = section.issuer
    return {
        "query": section.query_id,
        "type": section.record_type,
        "state": section.state.value,
        "recordState": None if section.record_state is None else section.record_state.value,
        "shown": section.shown,
        "total": section.total,
        "items": _items(section.items),
        "negations": _items(section.negations),
        "subject": dict(section.subject or {}),
        "always": dict(section.always or {}),
        "source": dict(section.source or {}),
        "window": section.window,
        "warnings": list(section.warnings),
        "issuer": None
        if issuer is None
        else {"iss": issuer.iss, "ods": issuer.ods, "name": issuer.name},
        "asOf": None if section.as_of is None else section.as_of.isoformat(),
        "issuedAt": _time(section.issued_at),
        "validUntil": _time(section.valid_until),
        "status": section.status,
        "old": section.old,
        "rules": [_rule(fired) for fired in section.rules],
        "trustListAgeSeconds": _seconds(section.trust_list_age),
        "statusListAgeSeconds": _seconds(section.status_list_age),
        "checks": [
            {
                "step": int(check.step),
                "name": check.name,
                "outcome": check.outcome.value,
                "code": check.code,
            }
            for check in section.checks
        ],
        "problem": _problem(section.code),
    }


def _rule(fired: FiredRule) -> dict[str, Json]:
    return {
        "rule": fired.rule.value,
        "limitSeconds": _seconds(fired.limit),
        "foundSeconds": _seconds(fired.found),
    }


def _items(items: Sequence[Item]) -> list[Json]:
    return [{"unit": dict(item.unit), **item.fields} for item in items]


def _problem(code: str | None) -> Json:
    """A code in words. What a wallet calls its refusal (access_denied) is not ours to explain."""
    if code is None:
        return None
    entry = catalogue().get(code)
    if entry is None:
        return {"code": code, "title": None, "party": None, "help": None}
    return {"code": code, "title": entry.title, "party": entry.party.value, "help": entry.hint}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())
