"""The list of sensitive codes that are left out before anything is issued, and its signature.

A list is a JWS (``typ: hp-sensitive-codes+jwt``) over ``{"version": 1, "issuedAt": ..., "sets":
[{"refset", "codes": [{"system", "code"}], "texts": [...]}]}``. Members of the national refsets come
from TRUD and are not shipped: the list that comes with this package names the four refsets and
holds no code. What is *not* here: which entries the list covers (exclusion.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, JoseError, KeyMaterialError, SettingsError
from healthpassport.jose import jws
from healthpassport.keys import Signer, public_key_from_jwk

TYPE: Final = "hp-sensitive-codes+jwt"
ALGORITHMS: Final = frozenset({"ES256", "ES384", "EdDSA", "Ed25519"})
_SHIPPED: Final = files("issuer.fhir") / "data" / "sensitive-codes.json"
_Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListedCode(_Frozen):
    """One code of one system, matched exactly."""

    system: _Text
    code: _Text


class CodeSet(_Frozen):
    """One refset: its codes, and words that mean the same where a source has no code."""

    refset: _Text
    codes: tuple[ListedCode, ...] = ()
    texts: tuple[_Text, ...] = ()


class _Document(_Frozen):
    version: Literal[1]
    issuedAt: AwareDatetime  # noqa: N815 - the name on the wire
    sets: tuple[CodeSet, ...]


@dataclass(frozen=True, slots=True)
class SensitiveCodes:
    """Every code and word that is left out; ``issued_at`` says of when the list is."""

    issued_at: datetime
    codes: frozenset[tuple[str, str]]
    texts: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all would be left out."""
        return not self.codes and not self.texts


@cache
def shipped_codes() -> SensitiveCodes:
    """The list of this package: the refsets by name, without members."""
    return _read(parse_json_object(_SHIPPED.read_bytes()))


def read_sensitive_codes(token: str, *, signer_jwk: Mapping[str, Json]) -> SensitiveCodes:
    """The list in ``token``, signed by the key ``signer_jwk``.

    Raises:
        SettingsError: ``issuer.sensitive_codes`` for a wrong signature, type or shape: a list that
            cannot be trusted stops the issuer rather than letting everything out.
    """
    try:
        key = public_key_from_jwk(signer_jwk)
        found = jws.verify(
            token.strip(), key=key, expected_typ=TYPE, expected_algorithms=ALGORITHMS
        )
    except (JoseError, KeyMaterialError, EncodingError) as error:
        raise SettingsError("issuer.sensitive_codes", error.title) from error
    return _read(found.claims)


def sign_sensitive_codes(document: Mapping[str, Json], signer: Signer) -> str:
    """``document`` as a signed list, once it has the right shape."""
    _read(document)
    return jws.sign(header={"typ": TYPE}, payload=document, signer=signer)


def _read(document: Mapping[str, Json]) -> SensitiveCodes:
    try:
        found = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError("issuer.sensitive_codes", f"{place}: {first['msg']}") from error
    return SensitiveCodes(
        issued_at=found.issuedAt,
        codes=frozenset((c.system, c.code) for s in found.sets for c in s.codes),
        texts=tuple(dict.fromkeys(t.casefold() for s in found.sets for t in s.texts)),
    )
