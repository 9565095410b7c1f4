"""From signed digests and sent disclosures to the processed payload (RFC 9901 section 7.1, 3 to 5).

Each check cites its step. The text is followed except that a refusal comes as early as it can be
known. What is *not* here: signatures, times and types.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NoReturn, TypeAlias

from healthpassport.encoding import MAX_DEPTH, Json
from healthpassport.errors import CredentialError
from healthpassport.formats.sd_jwt.disclosure import (
    DEFAULT_HASH,
    ELLIPSIS,
    HASHES,
    RESERVED,
    SD,
    SD_ALG,
    Disclosure,
    digests,
    read_disclosure,
)

Place: TypeAlias = "tuple[str | int, ...]"

# By policy: what an own issuer uses and every implementation must support (section 4.1.1).
ALLOWED_HASHES: Final = frozenset({DEFAULT_HASH})
_STRINGS: Final = frozenset({str})


def hash_name(payload: Mapping[str, Json], allowed: Collection[str]) -> str:
    """The hash function of ``payload`` (section 7.1 step 2.d, section 4.1.1).

    Raises:
        CredentialError: ``sdjwt.sd_alg`` for one that is not understood or not allowed.
    """
    name = payload.get(SD_ALG, DEFAULT_HASH)
    if not isinstance(name, str) or name not in HASHES or name not in allowed:
        raise CredentialError("sdjwt.sd_alg")
    return name


def process(
    payload: Mapping[str, Json],
    disclosures: Collection[str],
    *,
    allowed_hashes: Collection[str] = ALLOWED_HASHES,
) -> tuple[dict[str, Json], dict[Place, Disclosure], frozenset[Place]]:
    """The processed payload, every disclosure by the place where its value now stands, and gaps.

    A gap is the place of an object or array of which something is withheld, or has a decoy.

    Args:
        payload: what the issuer signed.
        disclosures: as sent.
        allowed_hashes: which ``_sd_alg`` are deemed secure.

    Raises:
        CredentialError: for every reason of section 7.1 steps 3 to 5.
        EncodingError: for a disclosure that is not strict base64url or JSON.
    """
    # Step 3.a: the digest of each disclosure. Section 4: none may be sent twice.
    names = digests(disclosures, hash_name(payload, allowed_hashes))
    sent = dict(zip(names, map(read_disclosure, disclosures), strict=True))
    if len(sent) != len(disclosures):
        raise CredentialError("sdjwt.disclosure_duplicate")
    walk = _Walk(sent)
    processed = walk.object(payload, (), 1)
    processed.pop(SD_ALG, None)  # step 3.f
    if len(set(walk.met)) != len(walk.met):
        raise CredentialError("sdjwt.digest_duplicate")  # step 4
    if sent:
        raise CredentialError("sdjwt.disclosure_unreferenced")  # step 5
    return processed, walk.placed, frozenset(walk.gaps)


class _Walk:
    """One pass over a payload and, through digests, the values of disclosures.

    ``met`` lists every embedded digest. Each disclosure is taken out of ``sent`` when its digest is
    met, so that a digest that comes twice, which ``process`` refuses, cannot multiply the work.
    """

    __slots__ = ("_take", "gaps", "met", "placed")

    def __init__(self, sent: dict[str, Disclosure]) -> None:
        self._take = sent.pop
        self.met: list[str] = []
        self.placed: dict[Place, Disclosure] = {}
        self.gaps: list[Place] = []

    def value(self, value: Json, place: Place, depth: int) -> Json:
        """``value`` with the digests in it resolved."""
        kind = type(value)
        if kind is dict:
            return self.object(value, place, depth)  # type: ignore[arg-type]
        if kind is list:
            return self.array(value, place, depth)  # type: ignore[arg-type]
        return value

    def object(self, node: Mapping[str, Json], place: Place, depth: int) -> dict[str, Json]:
        """Steps 3.b.1, 3.c.2 and 3.e for one object."""
        if depth > MAX_DEPTH:
            raise CredentialError("limit.depth")
        if not RESERVED.isdisjoint(node):
            self._refuse_reserved(node, top=not place)
        found: dict[str, Json] = {}
        for name, value in node.items():
            if name == SD:
                continue
            kind = type(value)
            if kind is dict or kind is list:
                found[name] = self.value(value, (*place, name), depth + 1)
            else:
                found[name] = value
        if SD in node:
            self._members(node[SD], found, place, depth)
        return found

    def _members(self, embedded: Json, found: dict[str, Json], place: Place, depth: int) -> None:
        """Step 3.c.2: the claims that an object's ``_sd`` stands for."""
        if type(embedded) is not list or not _STRINGS.issuperset(map(type, embedded)):
            raise CredentialError("sdjwt.sd_not_array_of_strings")  # section 4.2.4.1
        self.met += embedded
        for entry in embedded:
            disclosure = self._take(entry, None)
            if disclosure is None:
                self.gaps.append(place)
                continue  # step 3.c.1: withheld, or a decoy
            name = disclosure.name
            if name is None:
                raise CredentialError("sdjwt.disclosure_arity")  # step 3.c.2.1
            if name in RESERVED:
                raise CredentialError("sdjwt.claim_name_reserved")  # step 3.c.2.2
            if name in found:
                raise CredentialError("sdjwt.claim_name_collision")  # step 3.c.2.3
            here = (*place, name)
            self.placed[here] = disclosure
            value = disclosure.value  # steps 3.c.2.4 and 3.c.2.5
            found[name] = value if disclosure.flat else self.value(value, here, depth + 1)

    def array(self, node: list[Json], place: Place, depth: int) -> list[Json]:
        """Steps 3.b.2, 3.c.3 and 3.d for one array; places count what is left in it."""
        if depth > MAX_DEPTH:
            raise CredentialError("limit.depth")
        found: list[Json] = []
        for entry in node:
            kind = type(entry)
            if kind is dict and ELLIPSIS in entry:  # type: ignore[operator]
                embedded = entry[ELLIPSIS]  # type: ignore[call-overload,index]
                if type(embedded) is not str or len(entry) != 1:  # type: ignore[arg-type]
                    self._refuse_element(embedded)
                self.met.append(embedded)
                disclosure = self._take(embedded, None)
                if disclosure is None:
                    self.gaps.append(place)
                    continue  # step 3.d
                if disclosure.name is not None:
                    raise CredentialError("sdjwt.disclosure_arity")  # step 3.c.3.1
                here = (*place, len(found))
                self.placed[here] = disclosure
                value = disclosure.value  # steps 3.c.3.2 and 3.c.3.3
                found.append(value if disclosure.flat else self.value(value, here, depth + 1))
            elif kind is dict or kind is list:
                found.append(self.value(entry, (*place, len(found)), depth + 1))
            else:
                found.append(entry)
        return found

    @staticmethod
    def _refuse_element(embedded: Json) -> NoReturn:
        """Section 4.2.4.2: one member, and a string in it."""
        if type(embedded) is str:
            raise CredentialError("sdjwt.claim_name_reserved", "it is not alone in its object")
        raise CredentialError("sdjwt.sd_not_array_of_strings")

    @staticmethod
    def _refuse_reserved(node: Mapping[str, Json], *, top: bool) -> None:
        """Section 4.1: the names that convey digests stand for nothing else."""
        if ELLIPSIS in node:
            raise CredentialError("sdjwt.claim_name_reserved")
        if SD_ALG in node and not top:
            raise CredentialError("sdjwt.sd_alg", "it stands in a nested object")
