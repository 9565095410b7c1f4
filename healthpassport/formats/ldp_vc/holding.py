"""The holder's side of a W3C credential: receive, keep, show part of it.

What is *not* here: consent, and which claims a request asks for; a wallet hands in places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.credential import Challenge
from healthpassport.encoding import Json, dump_text
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity import (
    AUTHENTICATION,
    add_proof,
    check_issuer,
    check_plain,
    check_subject,
    derive,
    verify_issued,
)
from healthpassport.formats.data_integrity.deriving import mandatory_pointers
from healthpassport.formats.ldp_vc.document import (
    SUBJECT,
    pointer,
    pointers_to,
    record,
    record_contexts,
    record_definition,
    separable_places,
)
from healthpassport.formats.ldp_vc.identifiers import did_key, method_url, only_key
from healthpassport.formats.ldp_vc.issuing import TAKEN
from healthpassport.formats.ldp_vc.parsing import PRESENTATION, ParsedLdpVc, parse
from healthpassport.formats.values import HeldCredential, Place, Randomness
from healthpassport.formats.vcdm import check_credential
from healthpassport.formats.vcdm.syntax import moment
from healthpassport.keys.public import PublicKey
from healthpassport.keys.signer import Signer
from schemas.definitions import CREDENTIALS_V2

# What a holder signs a presentation with, by the algorithm of the key.
HOLDER_SUITES: Final[Mapping[str, str]] = {
    "ES256": "ecdsa-rdfc-2019",
    "ES384": "ecdsa-rdfc-2019",
    "EdDSA": "eddsa-rdfc-2022",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A record in a wallet; ``places`` are those of ``payload`` that can be withheld."""

    document: Mapping[str, Json]
    payload: Mapping[str, Json]
    places: tuple[Place, ...]

    @property
    def claims(self) -> Mapping[str, Json]:
        """What a query's paths address: the credential without its proof."""
        return {name: value for name, value in self.document.items() if name != "proof"}

    @property
    def issued_at(self) -> datetime:
        """``validFrom``."""
        return moment(self.document.get("validFrom"), "validFrom")

    @property
    def expires_at(self) -> datetime:
        """``validUntil``."""
        return moment(self.document.get("validUntil"), "validUntil")


def read_held(
    text: str,
    *,
    issuer_key: PublicKey,
    holder_key: PublicKey,
    now: datetime,
    second_key: PublicKey | None = None,  # noqa: ARG001 - this format has no second signature
) -> Held:
    """The record ``text`` on its receipt by a wallet, after every check.

    Args:
        text: as the issuer sent it.
        issuer_key: the key that the trust list vouches for.
        holder_key: the wallet's own key, to which the record must be bound.
        now: the time of the check.
        second_key: not used in this format.

    Raises:
        CredentialError: ``ldp.presentation`` for something that was shown to somebody already,
            ``match.holder_binding``, and what data model and proof refuse.
    """
    parsed = parse(text)
    if parsed.presentation is not None:
        raise CredentialError("ldp.presentation", "an issuer sends the credential itself")
    check_credential(parsed.credential, now=now)
    verified = verify_issued(
        parsed.credential,
        resolve=only_key(parsed.issuer, issuer_key),
        allowed=TAKEN,
        now=now,
        contexts=record_contexts(),
    )
    check_issuer(verified)
    # A desk will read it by its members' names, and so does the wallet from now on.
    check_plain(verified.document, expected_context=parsed.credential.get("@context"))
    check_subject(verified.document, expected_holder=did_key(holder_key))
    return _held(parsed)


def open_held(text: str) -> Held:
    """The record ``text`` from a wallet's own vault, where ``read_held`` accepted it before."""
    return _held(parse(text))


def narrow(text: str, *, keep: Iterable[Place]) -> str:
    """The record ``text``, which its holder can hand on whole only.

    What a holder derives from a base proof cannot be derived from again (ecdsa-sd-2023 and bbs-2023
    alike), so that a part could not be shown by whoever gets it.

    Raises:
        CredentialError: ``cred.whole_only`` when ``keep`` is not all that can be withheld.
    """
    if frozenset(keep) != frozenset(open_held(text).places):
        raise CredentialError("cred.whole_only")
    return text


def present(
    held: HeldCredential,
    *,
    disclose: Iterable[Place],
    challenge: Challenge,
    holder_signer: Signer,
    now: datetime,
    random: Randomness,
) -> str:
    """A presentation that shows the values at ``disclose`` and what holds them, as JSON text.

    Args:
        held: the record.
        disclose: places of the record; a field of an item brings the item with it.
        challenge: the nonce and the full client_id of the request (OpenID4VP 1.0 B.1.3.2.5).
        holder_signer: the key that the record is bound to.
        now: the time of signing.
        random: a source of cryptographic randomness.

    Raises:
        CredentialError: ``sdjwt.path_unknown`` for a place that cannot be withheld on its own,
            ``match.holder_binding`` when the signer's key is not the record's.
    """
    if not isinstance(held, Held):
        raise CredentialError("cred.format_unknown", "another format's record is held")
    holder = did_key(holder_signer.public_key)
    check_subject(held.document, expected_holder=holder)
    shown = held.document
    if mandatory_pointers(held.document) is not None:  # a base proof is for the holder alone
        shown = derive(
            held.document,
            pointers=pointers_to(_with_what_holds_them(held, disclose)),
            contexts=record_contexts(),
            randomness=random,
        )
    presentation: dict[str, Json] = {
        "@context": [CREDENTIALS_V2],
        "type": [PRESENTATION],
        "holder": holder,
        "verifiableCredential": [shown],
    }
    signed = add_proof(
        presentation,
        cryptosuite=HOLDER_SUITES[holder_signer.algorithm],
        signer=holder_signer,
        verification_method=method_url(holder_signer.public_key),
        purpose=AUTHENTICATION,
        created=now,
        challenge=challenge.nonce,
        domain=challenge.audience,
        contexts=record_contexts(),
        randomness=random,
    )
    return dump_text(signed)


def _held(parsed: ParsedLdpVc) -> Held:
    payload = record(parsed.credential)
    known = record_definition(parsed.credential)
    always = mandatory_pointers(parsed.credential)
    if known is None or always is None:  # a suite that signs the whole: nothing can be withheld
        return Held(parsed.credential, payload, ())
    places = separable_places(payload, known.disclosures)
    return Held(
        parsed.credential,
        payload,
        tuple(place for place in places if not _covered((SUBJECT, *place), always)),
    )


def _covered(place: Place, pointers: tuple[str, ...]) -> bool:
    """Whether a pointer selects ``place``: it names it, something around it or something in it."""
    own = f"{pointer(place)}/"
    return any(own.startswith(f"{one}/") or f"{one}/".startswith(own) for one in pointers)


def _with_what_holds_them(held: Held, places: Iterable[Place]) -> tuple[Place, ...]:
    known = frozenset(held.places)
    chosen: set[Place] = set()
    for place in places:
        if place not in known:
            raise CredentialError("sdjwt.path_unknown")
        chosen |= {place[:length] for length in range(1, len(place) + 1)} & known
    return tuple(place for place in held.places if place in chosen)
