"""Offers of records for which the patient signs in (OpenID4VCI 1.0 section 4.1.1).

The practice makes one, and its ``issuer_state`` binds the wallet's request to these records: only
the patient whom they are about gets them, whoever else has seen the link. There is no PIN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError, SourceError
from healthpassport.protocols.oid4vci import SignInOffer, offer_link
from healthpassport.summary import PatientSummary, issued_types, to_payload
from issuer.store import Offer, OfferState
from issuer.store import offers as rows

from .comparing import digests
from .configurations import configurations
from .context import IssuerContext, digest, utc
from .finding_patients import check_number
from .offers import (
    OFFER_PATH,
    SIGN_IN,
    issuer_state_at,
    read_source,
    sign_in_offer,
    state_digest,
    tell_made,
)
from .people import nhs_number
from .sealing import seal
from .sources import SOURCE, SourceReference

_ID_LENGTH = 22


@dataclass(frozen=True, slots=True)
class NewSignInOffer:
    """An offer as it is told once, to the practice alone."""

    id: str
    offer: SignInOffer
    uri: str
    link: str
    expires_at: datetime
    record_types: tuple[str, ...]


def offer_for_sign_in(
    issuer: IssuerContext,
    *,
    client: str,
    bundle: bytes | None = None,
    name: str | None = None,
    kind: str | None = None,
    wanted: Sequence[str] = (),
    subject: str | None = None,
) -> NewSignInOffer:
    """Offer the records of a FHIR ``bundle``, or of what a source has under ``name``.

    Raises:
        ServiceError: ``patient.no_sign_in`` where patients do not sign in here.
        SourceError: as ``offers.offer_bundle`` and ``offers.offer_source``;
            ``offer.no_number`` for a patient who could not be told from others.
        SettingsError: ``issuer.sensitive_codes``.
    """
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - only offers read FHIR

    require_sign_in(issuer)
    if name is not None:
        summary, reference = read_source(
            issuer, name=name, wanted=wanted, subject=subject, kind=kind
        )
        return summary_for_sign_in(
            issuer, client=client, summary=summary, wanted=wanted, reference=reference
        )
    rules = rules_of(issuer.settings)
    found = read_bundle(bundle or b"", rules=rules, subject=subject, now=issuer.clock())
    if found.gone:
        raise SourceError("offer.gone")
    return summary_for_sign_in(issuer, client=client, summary=found.summary, wanted=wanted)


def require_sign_in(issuer: IssuerContext) -> None:
    """Refuse where patients do not sign in, before anything is read.

    Raises:
        ServiceError: ``patient.no_sign_in``.
    """
    if issuer.patients is None:
        raise ServiceError("patient.no_sign_in")


def summary_for_sign_in(
    issuer: IssuerContext,
    *,
    client: str,
    summary: PatientSummary,
    wanted: Sequence[str] = (),
    reference: SourceReference | None = None,
) -> NewSignInOffer:
    """Offer the records of ``summary``; ``reference`` is where they can be read again.

    Raises:
        SourceError: ``offer.no_number``, ``source.number_not_verified``, ``offer.record_type``,
            ``offer.nothing``.
    """
    who = summary.records[0].subject
    number = nhs_number(summary.records)
    if not number or "birthDate" not in who:
        raise SourceError("offer.no_number")
    check_number(issuer, summary)
    return _offer(issuer, client, _chosen(summary, wanted), reference, number=number)


def _chosen(summary: PatientSummary, wanted: Sequence[str]) -> dict[str, bytes]:
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(issued_types()):
        raise SourceError("offer.record_type")
    chosen = {
        r.type: dump_json(to_payload(r)) for r in summary.records if not wanted or r.type in wanted
    }
    if not chosen or not set(wanted) <= chosen.keys():
        raise SourceError("offer.nothing")
    return chosen


def _offer(
    issuer: IssuerContext,
    client: str,
    payloads: dict[str, bytes],
    reference: SourceReference | None,
    *,
    number: str,
) -> NewSignInOffer:
    address = issuer.secret()
    state = issuer_state_at(address)
    now = issuer.now()
    offer = Offer(
        id=issuer.secret()[:_ID_LENGTH],
        address_hash=digest(address),
        code_hash=state_digest(state),
        pin_mac=SIGN_IN,
        client=client,
        state=OfferState.OPEN,
        tries=0,
        created_at=now,
        expires_at=now + issuer.settings.patient_sign_in_offer_minutes * 60,
        sealed_source=None
        if reference is None
        else seal(reference.wire(), secret=state, purpose=SOURCE, random=issuer.random),
    )
    sealed = {
        name: seal(payloads[one.definition.type], secret=state, purpose=name, random=issuer.random)
        for name, one in configurations(issuer.settings).items()
        if one.definition.type in payloads
    }
    with issuer.store.writing() as tx:
        rows.add(tx, offer, sealed, digests(issuer.settings, reference, payloads))
        by = issuer.audit.by(client)
        tell_made(issuer, tx, offer, who=by, records=len(payloads), number=number)
    uri = issuer.url(OFFER_PATH + address)
    return NewSignInOffer(
        id=offer.id,
        offer=sign_in_offer(issuer, address, tuple(sealed)),
        uri=uri,
        link=offer_link(uri=uri),
        expires_at=utc(offer.expires_at),
        record_types=tuple(payloads),
    )
