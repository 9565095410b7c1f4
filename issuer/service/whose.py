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
from .offers import NewOffer, offer_summary, read_source
from .people import nhs_number
from .sign_in_offers import NewSignInOffer, require_sign_in, summary_for_sign_in
from .sources import SourceReference, source
from .verified_numbers import number_warnings

if TYPE_CHECKING:
    from healthpassport.summary import PatientSummary


@dataclass(frozen=True, slots=True)
class Whose:
    """One of ``bundle``, ``name`` and ``person``; which record types, and which subject of it.

    With ``sign_in`` the patient signs in for them, and there is no PIN.
    """

    wanted: tuple[str, ...]
    subject: str | None
    bundle: bytes | None = field(default=None, repr=False)
    name: str | None = None
    person: Person | None = field(default=None, repr=False)
    kind: str | None = None
    sign_in: bool = False


@dataclass(frozen=True, slots=True)
class ReadOf:
    """What was read of somebody, where it is read again, and what whoever asked is to know."""

    summary: PatientSummary
    wanted: tuple[str, ...]
    reference: SourceReference | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """A new offer, and what whoever asked is to know."""

    offer: NewOffer | NewSignInOffer
    warnings: tuple[str, ...]


def offer_whose(issuer: IssuerContext, whose: Whose, *, client: str) -> Offered:
    """Offer those records, for a PIN or for the patient to sign in.

    Raises:
        SourceError: as ``read_whose``, ``offers.offer_summary`` and
            ``sign_in_offers.summary_for_sign_in``. ServiceError: ``patient.no_sign_in``.
    """
    if whose.sign_in:
        require_sign_in(issuer)
    # Whoever died or left signs in no more.
    read = read_whose(issuer, whose, sent_of_gone=not whose.sign_in)
    offer = summary_for_sign_in if whose.sign_in else offer_summary
    made = offer(
        issuer,
        client=client,
        summary=read.summary,
        wanted=read.wanted,
        reference=read.reference,
    )
    return Offered(made, read.warnings)


def read_whose(issuer: IssuerContext, whose: Whose, *, sent_of_gone: bool = False) -> ReadOf:
    """Those records as they are now; nothing of whoever left or died (clinical.md rule 15).

    With ``sent_of_gone`` a bundle that is sent may be theirs: nothing is read again of it, and the
    record itself says that the person has died.

    Raises:
        SourceError: ``offer.nobody``, ``offer.gone``, ``source.other_patient``,
            ``source.number_not_verified``, and as ``offers.read_source``.
        SettingsError: ``issuer.sensitive_codes``.
    """
    if whose.bundle is not None:
        summary, reference = _read_bundle(issuer, whose, sent_of_gone=sent_of_gone), None
    else:
        named = named_by(issuer, whose)
        summary, reference = read_source(
            issuer,
            name=named.name or "",
            wanted=named.wanted,
            subject=named.subject,
            kind=named.kind,
        )
    check_found(summary, whose.person)
    warnings = number_warnings(
        summary, person=whose.person, verified_only=issuer.settings.verified_numbers_only
    )
    return ReadOf(summary, whose.wanted, reference, warnings)


def _read_bundle(issuer: IssuerContext, whose: Whose, *, sent_of_gone: bool) -> PatientSummary:
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - FHIR is read here alone

    rules = rules_of(issuer.settings)
    bundle = whose.bundle or b""
    found = read_bundle(bundle, rules=rules, subject=whose.subject, now=issuer.clock())
    if found.gone and not sent_of_gone:
        raise SourceError("offer.gone")
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
