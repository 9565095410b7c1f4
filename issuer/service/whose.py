"""Whose records a record system asks for: a bundle, a name in a source, or a person to be found.

Rules: a person is taken only where exactly one fits; two are never chosen between here; what was
read is compared with who was looked for. What is *not* here: how a source finds people
(``issuer.client``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from healthpassport.errors import SourceError
from issuer.client import NOBODY, Person

from .context import IssuerContext
from .offers import NewOffer, offer_bundle, offer_summary, read_source
from .people import nhs_number
from .sources import source

if TYPE_CHECKING:
    from healthpassport.summary import PatientSummary


@dataclass(frozen=True, slots=True)
class Whose:
    """One of ``bundle``, ``name`` and ``person``; which record types, and which subject of it."""

    wanted: tuple[str, ...]
    subject: str | None
    bundle: bytes | None = field(default=None, repr=False)
    name: str | None = None
    person: Person | None = field(default=None, repr=False)
    kind: str | None = None


def offer_whose(issuer: IssuerContext, whose: Whose, *, client: str) -> NewOffer:
    """Offer those records.

    Raises:
        SourceError: ``offer.nobody``, ``source.other_patient``, and as ``offer_bundle`` and
            ``offer_source``.
    """
    if whose.bundle is not None:
        return offer_bundle(
            issuer,
            client=client,
            bundle=whose.bundle,
            wanted=whose.wanted,
            subject=whose.subject,
        )
    named = named_by(issuer, whose)
    summary, reference = read_source(
        issuer,
        name=named.name or "",
        wanted=named.wanted,
        subject=named.subject,
        kind=named.kind,
    )
    check_found(summary, whose.person)
    return offer_summary(
        issuer, client=client, summary=summary, wanted=named.wanted, reference=reference
    )


def summary_whose(issuer: IssuerContext, whose: Whose) -> PatientSummary:
    """Those records, for a card.

    Raises:
        SourceError: as ``offer_whose``.
    """
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - FHIR is read here alone

    named = whose
    bundle = whose.bundle
    if bundle is None:
        named = named_by(issuer, whose)
        bundle = source(issuer, named.kind).read(named.name or "")
    rules = rules_of(issuer.settings)
    found = read_bundle(bundle, rules=rules, subject=named.subject, now=issuer.clock())
    check_found(found.summary, whose.person)
    return found.summary


def named_by(issuer: IssuerContext, whose: Whose) -> Whose:
    """``whose`` with the name to read by in place of a person.

    Raises:
        SourceError: ``offer.nobody`` where nobody fits, ``source.too_many`` where several do.
    """
    if whose.person is None:
        return whose
    found = source(issuer, whose.kind).find(whose.person.checked())
    if not found:
        raise SourceError("offer.nobody")
    if len(found) > 1:
        raise SourceError("source.too_many")
    return replace(whose, name=found[0].name, subject=whose.subject or found[0].subject)


def check_found(summary: PatientSummary, person: Person | None) -> None:
    """Refuse what was read where it is not of the ``person`` who was looked for.

    A source is asked twice, and what stands under a name may be somebody else's by then.

    Raises:
        SourceError: ``source.other_patient``.
    """
    if person is None:
        return
    wanted, records = person.checked(), summary.records
    number, born = nhs_number(records), records[0].subject.get("birthDate")
    if wanted.nhs_number not in {"", number} or wanted.birth_date not in {"", born}:
        raise SourceError("source.other_patient")


def source_problems(issuer: IssuerContext) -> dict[str, str | None]:
    """Each source by its kind, with the code of why it cannot be read now, or None."""
    probe = Person(nhs_number=NOBODY)
    problems: dict[str, str | None] = {}
    for kind, one in issuer.sources.items():
        problems[kind] = None
        try:
            one.find(probe)
        except SourceError as error:
            problems[kind] = error.code
    return problems
