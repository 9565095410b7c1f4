"""The patient agrees, or does not: which records go to which wallet, and the code for it.

Rules: nothing leaves before somebody agreed on our own page, with a form that only that page can
send, nor when the wallet comes back later; "no" is an answer like any other; the code is for the
wallet that asked, for a minute, once.
What is *not* here: the page.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import answer_url
from issuer.store import OfferState, Step, offers, sign_ins
from issuer.store.again import tried_again

from .authorizations import offer_of_state
from .configurations import configurations
from .context import IssuerContext, digest
from .patient_sign_in import Stopped, stop
from .sealing import derived, seal, unseal
from .sources import SOURCE, SourceReference
from .under_way import CODE_SECONDS, UnderWay, of_browser

_FORM: Final = "form"


@dataclass(frozen=True, slots=True)
class Question:
    """What the patient is asked: whose records, which, and where they go.

    ``destination`` is the host or app that the answer goes to, ``target`` what a browser has to
    allow for it, and ``form`` what the form has to bring back.
    """

    person: str
    configurations: tuple[str, ...]
    wallet: str
    attested: bool
    destination: str
    target: str
    form: str


def question(issuer: IssuerContext, browser: str, *, signed_in: bool) -> Question:
    """What the patient of ``browser`` is asked, before they have ``signed_in`` or after.

    Raises:
        ServiceError: ``patient.sign_in_unknown``.
    """
    with issuer.store.reading() as tx:
        step = Step.SIGNED_IN if signed_in else Step.BEGUN
        asked = of_browser(issuer, tx, browser, step)[1]
    parts = urlsplit(asked.redirect_uri)
    by_address = parts.scheme in {"https", "http"}
    return Question(
        person=asked.person,
        configurations=asked.wanted,
        wallet=asked.wallet,
        attested=asked.attested,
        destination=parts.hostname or parts.scheme if by_address else parts.scheme,
        target=f"{parts.scheme}://{parts.netloc}" if by_address else f"{parts.scheme}:",
        form=form_of(browser),
    )


def form_of(browser: str) -> str:
    """What every form of this browser brings back."""
    return derived(browser, _FORM)


def agree(issuer: IssuerContext, browser: str, *, form: str) -> str:
    """Where the browser goes with the code (RFC 6749 section 4.1.2, RFC 9207).

    Raises:
        ServiceError: ``patient.form``, ``patient.sign_in_unknown``.
    """
    _check_form(browser, form)
    return _agreed(issuer, browser)


@tried_again
def _agreed(issuer: IssuerContext, browser: str) -> str:
    code = issuer.secret()
    with issuer.store.writing() as tx:
        row, asked = of_browser(issuer, tx, browser, Step.SIGNED_IN)
        _seal_anew(issuer, tx, asked, code)
        now = issuer.now()
        sign_ins.change(
            tx,
            row.id,
            state=Step.GRANTED.value,
            browser_hash=None,
            code_hash=digest(code),
            offer=asked.offer,
            sealed=replace(asked, secret="", person="").sealed(issuer, code),
            expires_at=now + CODE_SECONDS,
        )
        offers.change(
            tx,
            asked.offer,
            state=OfferState.AUTHORIZED.value,
            expires_at=now + CODE_SECONDS,
        )
    return answer_url(asked.redirect_uri, issuer=issuer.settings.iss, state=asked.state, code=code)


def decline(issuer: IssuerContext, browser: str, *, form: str) -> Stopped:
    """The patient does not go on, before or after the sign-in.

    Raises:
        ServiceError: ``patient.form``, ``patient.sign_in_unknown``.
    """
    _check_form(browser, form)
    with issuer.store.reading() as tx:
        row, asked = of_browser(issuer, tx, browser, Step.BEGUN, Step.SIGNED_IN)
    return stop(issuer, row, asked, code="patient.declined")


def _seal_anew(issuer: IssuerContext, tx: Connection, asked: UnderWay, code: str) -> None:
    """The records that were asked for, under the code from now on; the others are let go."""
    if asked.issuer_state is not None:
        bound = offer_of_state(issuer, tx, asked.issuer_state)
        if bound is None or bound.id != asked.offer:
            raise ServiceError("patient.sign_in_unknown", "the offer is closed")
    held = offers.sealed_records(tx, asked.offer)
    if not set(asked.wanted) <= held.keys():
        raise ServiceError("patient.sign_in_unknown", "the offer is closed")
    anew = {
        name: seal(
            unseal(held[name], secret=asked.secret, purpose=name),
            secret=code,
            purpose=name,
            random=issuer.random,
        )
        for name in asked.wanted
    }
    offers.reseal(tx, asked.offer, anew)
    offers.keep_records(tx, asked.offer, asked.wanted)
    offer = offers.find(tx, asked.offer)
    if offer is not None and offer.sealed_source is not None:
        reference = _agreed_to(issuer, asked, offer.sealed_source)
        offers.change(
            tx,
            asked.offer,
            sealed_source=seal(reference, secret=code, purpose=SOURCE, random=issuer.random),
        )


def _agreed_to(issuer: IssuerContext, asked: UnderWay, sealed_source: bytes) -> bytes:
    """Where the records are read again: those that the patient saw on the page, and no others."""
    given = configurations(issuer.settings)
    types = tuple(dict.fromkeys(given[name].definition.type for name in asked.wanted))
    held = SourceReference.parse(unseal(sealed_source, secret=asked.secret, purpose=SOURCE))
    return replace(held, wanted=types).wire()


def _check_form(browser: str, form: str) -> None:
    if not browser:
        raise ServiceError("patient.sign_in_unknown")
    if not hmac.compare_digest(form_of(browser).encode(), form.encode("utf-8", "replace")):
        raise ServiceError("patient.form")
