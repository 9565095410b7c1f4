"""The patient signs in: to the provider, back from it, and to their records.

Rules: a state belongs to the browser that began and works once; what the browser holds is new after
the sign-in (no session fixation); a refusal ends the sign-in and is told to the patient in words
and to the wallet as ``access_denied``. What is *not* here: agreeing (``consent``), cookies, pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final, TypeAlias

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols import oidc
from healthpassport.protocols.oid4vci import answer_url
from healthpassport.summary import to_payload
from issuer.store import Authorization, Offer, OfferState, Step, offers, sign_ins
from issuer.store.again import tried_again

from .authorizations import offer_of_state
from .comparing import digests
from .configurations import configurations
from .context import IssuerContext, digest
from .finding_patients import SignedInPatient, check_person, find_records, read_claims
from .offers import SIGN_IN
from .patient_provider import Leaving, PatientProvider
from .sealing import seal, unseal
from .sources import SOURCE
from .under_way import SIGN_IN_SECONDS, UnderWay, of_browser

CALLBACK_PATH: Final = "/patient/callback"
CLIENT: Final = "patient-sign-in"  # whose issuances these are
_ID_LENGTH: Final = 22
# The patient can try these again on the spot.
_PASSING: Final = frozenset({"patient.offline", "patient.setup"})
_SAID: Final = {"oidc.declined": "patient.declined", "oidc.acr": "patient.level"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The patient is known; ``browser`` is what their browser holds from now on."""

    browser: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """It ended here: why, where the wallet hears of it, and the wallet's name.

    ``reason`` is the code of what was wrong, which the patient need not hear.
    """

    code: str
    back: str
    wallet: str
    reason: str = ""


Outcome: TypeAlias = SignedIn | Stopped


def leave(issuer: IssuerContext, browser: str, *, language: str) -> str:
    """Where the browser goes to sign in.

    Raises:
        ServiceError: ``patient.sign_in_unknown``, ``patient.offline``, ``patient.setup``.
        ProtocolError: for a provider that cannot be used.
    """
    provider = _provider(issuer)
    leaving = Leaving(issuer.secret(), issuer.secret(), issuer.secret())
    with issuer.store.reading() as tx:
        of_browser(issuer, tx, browser, Step.BEGUN)
    callback = issuer.url(CALLBACK_PATH)
    url = provider.address(leaving, callback=callback, language=language, now=issuer.clock())
    _left(issuer, browser, leaving)
    return url


@tried_again
def _left(issuer: IssuerContext, browser: str, leaving: Leaving) -> None:
    with issuer.store.writing() as tx:
        row, asked = of_browser(issuer, tx, browser, Step.BEGUN)
        asked = replace(asked, nonce=leaving.nonce, verifier=leaving.verifier)
        sign_ins.change(
            tx,
            row.id,
            upstream_hash=digest(leaving.state),
            sealed=asked.sealed(issuer, browser),
        )


def come_back(
    issuer: IssuerContext, parameters: Iterable[tuple[str, str]], *, browser: str
) -> Outcome:
    """The patient, whom the provider sent back with ``parameters`` in the query.

    Raises:
        ServiceError: ``patient.sign_in_unknown`` for a state that this browser did not begin with;
            ``patient.offline`` where the provider cannot be reached now.
    """
    listed = list(parameters)
    state = dict(listed).get("state", "")
    row, asked = _came_back(issuer, state, browser)
    try:
        return _signed_in(issuer, row, _patient(issuer, listed, asked, state), asked)
    except PassportError as error:
        if error.code in _PASSING:
            raise
        issuer.audit.note("sign_in.refused", who=issuer.audit.wallet, code=error.code)
        stopped = stop(issuer, row, asked, code=_told(error.code))
        return replace(stopped, reason=error.code)


@tried_again
def _came_back(issuer: IssuerContext, state: str, browser: str) -> tuple[Authorization, UnderWay]:
    with issuer.store.writing() as tx:
        row = sign_ins.by_upstream(tx, digest(state)) if state else None
        # RFC 9700 section 4.7: the state belongs to the browser that began, and works once.
        if row is None or not compare_digest(row.browser_hash or "", digest(browser)):
            raise ServiceError("patient.sign_in_unknown")
        row, asked = of_browser(issuer, tx, browser, Step.BEGUN)
        sign_ins.change(tx, row.id, upstream_hash=None)
        return row, asked


def stop(issuer: IssuerContext, row: Authorization, asked: UnderWay, *, code: str) -> Stopped:
    """End a sign-in with nothing given."""
    _ended(issuer, row, asked)
    if asked.offer:
        issuer.store.wipe()
    return Stopped(code, denied(issuer, asked), asked.wallet)


@tried_again
def _ended(issuer: IssuerContext, row: Authorization, asked: UnderWay) -> None:
    with issuer.store.writing() as tx:
        sign_ins.end(tx, row.id)
        if asked.offer and asked.issuer_state is None:
            offers.close(tx, asked.offer, OfferState.EXPIRED)


def denied(issuer: IssuerContext, asked: UnderWay) -> str:
    """Where the wallet hears that it gets nothing (RFC 6749 section 4.1.2.1)."""
    return answer_url(
        asked.redirect_uri, issuer=issuer.settings.iss, state=asked.state, error="access_denied"
    )


def _patient(
    issuer: IssuerContext, listed: list[tuple[str, str]], asked: UnderWay, state: str
) -> SignedInPatient:
    provider, now = _provider(issuer), issuer.clock()
    answer = oidc.read_callback(
        listed,
        expected_issuer=issuer.settings.patient_sign_in_issuer,
        issuer_required=provider.metadata(now).names_issuer,
    )
    claims = provider.exchange(
        answer.code,
        leaving=Leaving(state, asked.nonce, asked.verifier),
        callback=issuer.url(CALLBACK_PATH),
        now=now,
        jti=issuer.secret(),
    )
    return read_claims(issuer, claims)


def _signed_in(
    issuer: IssuerContext, row: Authorization, patient: SignedInPatient, asked: UnderWay
) -> SignedIn:
    held = (
        _offered(issuer, patient, asked) if asked.issuer_state else _found(issuer, patient, asked)
    )
    check = patient.check.value if patient.check else ""
    return _known(issuer, row, patient, replace(held, nonce="", verifier="", check=check))


@tried_again
def _known(
    issuer: IssuerContext, row: Authorization, patient: SignedInPatient, ready: UnderWay
) -> SignedIn:
    browser = issuer.secret()
    with issuer.store.writing() as tx:
        sign_ins.change(
            tx,
            row.id,
            state=Step.SIGNED_IN.value,
            browser_hash=digest(browser),
            sealed=ready.sealed(issuer, browser),
        )
        issuer.audit.write(
            "identity.checked",
            who=issuer.audit.wallet,
            tx=tx,
            subject=patient.nhs_number,
            way=ready.check or "other_level",
            offer=ready.offer,
        )
    return SignedIn(browser)


def _offered(issuer: IssuerContext, patient: SignedInPatient, asked: UnderWay) -> UnderWay:
    """The records that the practice offered, if they are this patient's; they stay where they are.

    Whoever else has seen the offer and signs in takes nothing away from whom it is for.
    """
    secret = asked.issuer_state or ""
    with issuer.store.reading() as tx:
        offer = offer_of_state(issuer, tx, secret)
        sealed = {} if offer is None else offers.sealed_records(tx, offer.id)
    names = [name for name in asked.wanted if name in sealed]
    if offer is None or not names:
        raise ServiceError("patient.sign_in_unknown", "the offer is closed")
    subject = parse_json_object(unseal(sealed[names[0]], secret=secret, purpose=names[0]))
    check_person(subject, patient)
    return replace(asked, offer=offer.id, secret=secret, person=_name(subject), wanted=tuple(names))


def _found(issuer: IssuerContext, patient: SignedInPatient, asked: UnderWay) -> UnderWay:
    """The records that the source has, sealed in an offer of their own until the patient agrees."""
    given = configurations(issuer.settings)
    types = tuple(dict.fromkeys(given[name].definition.type for name in asked.wanted))
    found = find_records(issuer, patient, wanted=types)
    payloads = {r.type: dump_json(to_payload(r)) for r in found.summary.records if r.type in types}
    names = [name for name in asked.wanted if given[name].definition.type in payloads]
    if not names:
        raise ServiceError("patient.nothing")
    secret, now = issuer.secret(), issuer.now()
    sealed = {
        name: seal(
            payloads[given[name].definition.type],
            secret=secret,
            purpose=name,
            random=issuer.random,
        )
        for name in names
    }
    offer = Offer(
        id=issuer.secret()[:_ID_LENGTH],
        address_hash=digest(issuer.secret()),  # nobody knows an address or a code of it
        code_hash=digest(issuer.secret()),
        pin_mac=SIGN_IN,
        client=CLIENT,
        state=OfferState.AUTHORIZED,
        tries=0,
        created_at=now,
        expires_at=now + SIGN_IN_SECONDS,
        sealed_source=seal(
            found.reference.wire(), secret=secret, purpose=SOURCE, random=issuer.random
        ),
    )
    with issuer.store.writing() as tx:
        offers.add(tx, offer, sealed, digests(issuer.settings, found.reference, payloads))
    subject = found.summary.records[0].subject
    return replace(asked, offer=offer.id, secret=secret, person=_name(subject), wanted=tuple(names))


def _name(subject: Mapping[str, Json]) -> str:
    """The name that the record has, for the patient to see whose it is."""
    given = subject.get("givenNames")
    first = [str(one) for one in given] if isinstance(given, list | tuple) else []
    return " ".join([*first, str(subject.get("familyName") or "")]).strip()


def _provider(issuer: IssuerContext) -> PatientProvider:
    if issuer.patients is None:
        raise ServiceError("not_found")
    return issuer.patients


def _told(code: str) -> str:
    """What the patient hears; all that is wrong with the provider's answer is one thing to them."""
    return code if code.startswith("patient.") else _SAID.get(code, "patient.answer")
