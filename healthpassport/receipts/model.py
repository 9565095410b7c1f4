"""What a receipt says, as frozen values, and its strict reading (docs/receipts.md).

Rules: nothing unknown, nothing twice, everything bounded; names of values alone, never a value.
What is *not* here: whether any of it is true (``checking``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ReceiptError

TYP: Final = "hp-receipt+jwt"
MAX_RECEIPT: Final = 65_536  # characters of the token; one of ten records takes some 8,000
MAX_RECORDS: Final = 64
MAX_PATHS: Final = 128  # of one record; our widest type has some 40
LATEST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, as in jose.times

Hash = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]  # base64url of 32 octets
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22,43}$")]
Iri = Annotated[str, Field(pattern=r"^https://[!-~]{1,190}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+./-]{1,64}$")]
Said = Annotated[str, Field(min_length=1, max_length=200)]
Path = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z][A-Za-z0-9_]{0,63}){0,3}$")
]


class Kind(StrEnum):
    """What was read: an answer to a request, or an emergency card."""

    PRESENTATION = "presentation"
    EMERGENCY_CARD = "emergency_card"


class _Wire(BaseModel):
    """A value of the receipt: frozen, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def made(cls, /, **parts: object) -> Self:
        """The value that ``parts`` make; ``receipt.format`` where they make none."""
        try:
            return cls.model_validate(parts)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ReceiptError("receipt.format", f"{where}: {first['type']}"[:200]) from error


class Organisation(_Wire):
    """Who received it, as the trust list names them."""

    name: Said
    ods: Word


class Purpose(_Wire):
    """Why: the purpose of our closed list, and the term of the Data Privacy Vocabulary."""

    id: Word
    dpv: Iri


class Retention(_Wire):
    """For how long it is kept: the words that the patient read, and the term."""

    text: Said
    dpv: Iri


class Reader(_Wire):
    """In which role it was read, where the desk knows."""

    role: Word


class ReceivedRecord(_Wire):
    """The values of one record that were received, by name alone.

    ``query`` is the id of the credential query, ``hash`` that of its member of the vp_token; a
    card has neither. ``paths`` are dotted names inside the record, in order.
    """

    type: Word
    format: Word
    query: Word | None = None
    hash: Hash | None = None
    paths: Annotated[tuple[Path, ...], Field(max_length=MAX_PATHS)]


class Receipt(_Wire):
    """One receipt. ``reason`` is the numbered reason for reading a card (1 to 6)."""

    version: Literal[1] = 1
    jti: Identifier
    iat: Annotated[int, Field(ge=0, le=LATEST, strict=True)]
    kind: Kind
    organisation: Organisation
    request_hash: Hash | None = None
    vp_token_hash: Hash | None = None
    card_hash: Hash | None = None
    records: Annotated[tuple[ReceivedRecord, ...], Field(min_length=1, max_length=MAX_RECORDS)]
    purpose: Purpose
    retention: Retention
    legal_basis: Annotated[tuple[Iri, ...], Field(max_length=8)] = ()
    reader: Reader | None = None
    reason: Annotated[int, Field(ge=1, le=6, strict=True)] | None = None

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """The receipt in the JSON object ``payload``; ``receipt.format`` for anything else."""
        try:
            found = parse_json_object(payload, max_bytes=MAX_RECEIPT)
        except EncodingError as error:
            raise ReceiptError("receipt.format", error.code) from error
        return cls.made(**found)

    @property
    def issued_at(self) -> datetime:
        """When it was signed, by the desk's clock."""
        return datetime.fromtimestamp(self.iat, UTC)

    def payload(self) -> dict[str, Json]:
        """The claims to sign; what is not there is left out."""
        found: dict[str, Json] = self.model_dump(mode="json", exclude_none=True)
        return found

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> Self:
        answer = (self.request_hash, self.vp_token_hash)
        parts = [part for record in self.records for part in (record.query, record.hash)]
        card = (self.card_hash,)
        presented = self.kind is Kind.PRESENTATION
        own, other = ((*answer, *parts), card) if presented else (card, (*answer, *parts))
        if None in own or set(other) != {None} or (presented and self.reason is not None):
            raise ValueError("members of another kind")
        names = [(record.query, record.type) for record in self.records]
        if len(set(names)) != len(names):
            raise ValueError("a record is named twice")
        if any(list(r.paths) != sorted(set(r.paths)) for r in self.records):
            raise ValueError("paths stand in order, each once")
        return self
