"""The holder's side: receive, list, choose, present (RFC 9901 section 7.2).

What is *not* here: consent, and which claims a request asks for; a wallet hands in paths.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.errors import CredentialError
from healthpassport.formats import sd_jwt
from healthpassport.formats.sd_jwt import (
    ClaimPath,
    Disclosure,
    ParsedSdJwt,
    key_binding,
    second_signature,
)
from healthpassport.formats.sd_jwt.processing import ALLOWED_HASHES, hash_name, process
from healthpassport.formats.sd_jwt_vc.verifying import verify
from healthpassport.formats.values import HeldCredential, Place, Randomness
from healthpassport.jose.times import numeric_date
from healthpassport.keys.public import PublicKey
from healthpassport.keys.signer import Signer


@dataclass(frozen=True, slots=True)
class Held:
    """A record in a wallet: all of it in plain form, and what of it can be held back.

    ``payload`` is everything; ``places`` says, for each place of it that has a disclosure of its
    own, which one. An index counts the elements of the array in ``payload``.
    """

    parsed: ParsedSdJwt
    payload: Mapping[str, Json]
    places: Mapping[Place, Disclosure]

    @property
    def claims(self) -> Mapping[str, Json]:
        """What a query's paths address: in this format the record stands at the top."""
        return self.payload

    @property
    def issued_at(self) -> datetime:
        """The claim ``iat``."""
        return _time(self.payload, "iat")

    @property
    def expires_at(self) -> datetime:
        """The claim ``exp``."""
        return _time(self.payload, "exp")


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """One value of a held record.

    ``disclosable`` says that it can be held back on its own, ``carried_by`` which disclosure it
    goes out with otherwise (None: it always goes out).
    """

    place: Place
    value: Json
    disclosable: bool
    carried_by: Place | None


def read_held(
    text: str,
    *,
    issuer_key: PublicKey,
    holder_key: PublicKey,
    now: datetime,
    known_kids: Collection[str] = (),
    second_key: PublicKey | None = None,
) -> Held:
    """The record ``text`` on its receipt by a wallet, after every check (section 7.2).

    Args:
        text: as the issuer sent it.
        issuer_key: the key that the trust list vouches for.
        holder_key: the wallet's own key, to which the record must be bound.
        now: the time of the check.
        known_kids: other names of ``issuer_key`` than its thumbprint.
        second_key: the ML-DSA-44 key that the trust list has for this issuer. A second signature
            that the record says it has must then be right; a record without one is kept too.

    Raises:
        CredentialError: ``sdjwt.kb_at_issuance``, ``sdjwt.cnf_not_mine``, and what ``verify``
            refuses.
    """
    parsed = sd_jwt.parse(text)
    if parsed.key_binding is not None:
        raise CredentialError("sdjwt.kb_at_issuance")
    credential = verify(
        parsed,
        issuer_key=issuer_key,
        challenge=None,
        now=now,
        known_kids=known_kids,
        second_key=second_key if second_signature.HEADER in parsed.header else None,
    )
    if credential.holder_key != holder_key:
        raise CredentialError("sdjwt.cnf_not_mine")
    return _held(parsed)


def open_held(text: str) -> Held:
    """The record ``text`` from a wallet's own vault, where ``read_held`` accepted it before.

    The issuer's signature is not checked again: the vault's authenticated encryption vouches for
    every byte. Never use it for text from anywhere else.
    """
    return _held(sd_jwt.parse(text))


def _held(parsed: ParsedSdJwt) -> Held:
    payload, places, _ = process(parsed.payload, parsed.disclosures)
    return Held(parsed, payload, places)


def _time(payload: Mapping[str, Json], name: str) -> datetime:
    found = numeric_date(payload, name)
    if found is None:
        raise CredentialError("cred.time_type", f"{name} is missing")
    return found


def narrow(text: str, *, keep: Iterable[Place]) -> str:
    """The record ``text`` with no more than the disclosures at ``keep`` and those around them.

    For a copy that its holder hands on with its key: whoever gets it holds no more than that, and
    cannot show more. What is left is a record as it was signed, of which a part is withheld.

    Raises:
        CredentialError: ``sdjwt.path_unknown`` for a place without a disclosure.
    """
    held = open_held(text)
    kept: set[Place] = set()
    for place in keep:
        if place not in held.places:
            raise CredentialError("sdjwt.path_unknown")
        kept |= _on_the_way(held, place)
    signed, _, _ = held.parsed.sd_part.partition("~")
    left = [held.places[place].text for place in held.places if place in kept]
    return "~".join([signed, *left, ""])


def tree(held: Held) -> tuple[HeldClaim, ...]:
    """Every value of ``held``, containers before what they contain."""
    return tuple(_claims(held, held.payload, (), None))


def _claims(held: Held, value: Json, place: Place, carrier: Place | None) -> Iterator[HeldClaim]:
    if place in held.places:
        yield HeldClaim(place, value, disclosable=True, carried_by=place)
        carrier = place
    elif place:
        yield HeldClaim(place, value, disclosable=False, carried_by=carrier)
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _claims(held, member, (*place, name), carrier)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _claims(held, element, (*place, index), carrier)


def select(
    held: Held, paths: Iterable[ClaimPath], *, with_contents: bool = True
) -> frozenset[Place]:
    """The disclosures that showing ``paths`` takes.

    Args:
        held: the record.
        paths: claims path pointers of strings, indices and None for every element (OpenID4VP 1.0
            section 7.1, SD-JWT VC section 4.6.1). A path that fits nothing adds nothing.
        with_contents: whether everything below a chosen value goes with it, or only the value
            with what is plain in it.
    """
    chosen: set[Place] = set()
    whole: set[Place] = set()
    for path in paths:
        for place in _places(held.payload, path):
            chosen |= _on_the_way(held, place)
            if with_contents:
                whole.add(place)
    # A place is below another when it begins with it: one look at all for each depth there is.
    for length in {len(place) for place in whole}:
        chosen.update([place for place in held.places if place[:length] in whole])
    return frozenset(chosen)


def _places(payload: Json, path: ClaimPath) -> list[Place]:
    found: list[tuple[Place, Json]] = [((), payload)]
    for component in path:
        step: list[tuple[Place, Json]] = []
        for place, value in found:
            if isinstance(value, Mapping) and isinstance(component, str) and component in value:
                step.append(((*place, component), value[component]))
            elif isinstance(value, list) and component is None:
                step.extend(((*place, index), entry) for index, entry in enumerate(value))
            elif (
                isinstance(value, list)
                and isinstance(component, int)
                and 0 <= component < len(value)
            ):
                step.append(((*place, component), value[component]))
        found = step
    return [place for place, _ in found]


def _on_the_way(held: Held, place: Place) -> set[Place]:
    """The disclosures that hold ``place``, its own included (section 7.2, presentation step 2)."""
    found = {place} if place in held.places else set()
    for length in range(1, len(place)):
        if (prefix := place[:length]) in held.places:
            found.add(prefix)
    return found


def _is_bound_to(payload: Mapping[str, Json], key: PublicKey) -> bool:
    """Whether the ``cnf`` of a record is for ``key``; the same JWK needs no reading."""
    confirmation = payload.get("cnf")
    if isinstance(confirmation, Mapping) and confirmation == {"jwk": key.jwk()}:
        return True
    return key_binding.holder_key(payload) == key


def present(
    held: HeldCredential,
    *,
    disclose: Iterable[Place],
    challenge: Challenge,
    holder_signer: Signer,
    now: datetime,
    random: Randomness | None = None,  # noqa: ARG001 - another format's proofs need it
) -> str:
    """A presentation that shows the values at ``disclose`` and the disclosures that hold them.

    Args:
        held: the record.
        disclose: places as ``tree`` and ``select`` give them; what is nested in a chosen value and
            has a disclosure of its own goes out only if it is chosen too.
        challenge: the nonce and the full client_id of the request.
        holder_signer: the key in the record's ``cnf``.
        now: the time of signing.
        random: not needed here.

    Raises:
        CredentialError: ``sdjwt.path_unknown`` for a place that the record does not have,
            ``sdjwt.cnf_not_mine`` when the signer's key is not the record's.
    """
    if not isinstance(held, Held):
        raise CredentialError("cred.format_unknown", "another format's record is held")
    if not _is_bound_to(held.payload, holder_signer.public_key):
        raise CredentialError("sdjwt.cnf_not_mine")
    chosen: set[Place] = set()
    for place in disclose:
        if place not in held.places and not _places(held.payload, place):
            raise CredentialError("sdjwt.path_unknown")
        chosen |= _on_the_way(held, place)
    signed, _, _ = held.parsed.sd_part.partition("~")
    shown = [held.places[place].text for place in held.places if place in chosen]
    return key_binding.bind(
        "~".join([signed, *shown, ""]),
        challenge=challenge,
        holder_signer=holder_signer,
        now=now,
        hash_name=hash_name(held.parsed.payload, ALLOWED_HASHES),
    )
