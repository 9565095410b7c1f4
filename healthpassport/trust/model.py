"""What the trust list says, as frozen values, and the questions that it answers.

Rules: the list decides which key is right. An answer needs an entry that matches issuer, key,
record type and date; whatever else is published somewhere (a DID document, metadata) counts for
nothing. Two entries for one issuer, key or verifier are refused (``trust.duplicate``), since
readers would disagree on which counts. What is *not* here: how the list came here (``reading``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from healthpassport.encoding import Json, b64_decode, b64_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, PassportError, TrustError
from healthpassport.keys.public import PublicKey, public_key_from_jwk
from healthpassport.suites import POST_QUANTUM
from schemas.queries import purposes

LIST_TYPE: Final = "hp-trust-list"
MAX_LIST_BYTES: Final = 16_777_216  # some 7,000 practices of some 2 kB each
MAX_LIST_DEPTH: Final = 12


def _to_der(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("base64 text is expected")  # noqa: TRY004 - pydantic's own error
    try:
        return b64_decode(value)
    except EncodingError as error:
        raise ValueError(str(error)) from error


Der = Annotated[bytes, PlainValidator(_to_der), PlainSerializer(b64_encode, return_type=str)]
HttpsUrl = Annotated[
    str, Field(pattern=r"^https://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$")
]
HttpsOrigin = Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=300)]
Did = Annotated[str, Field(pattern=r"^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$", max_length=1024)]
OdsCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{3,12}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Hash = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]  # base64url of 32 octets
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class _Wire(BaseModel):
    """A value of the list: frozen, camelCase on the wire, nothing unknown."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class TrustedKey(_Wire):
    """One signing key of an issuer: which record types it may sign, and when."""

    thumbprint: Hash
    jwk: Mapping[str, str]
    not_before: AwareDatetime
    not_after: AwareDatetime
    record_types: Names
    second_jwk: Mapping[str, str] | None = None  # ML-DSA-44, for the signature beside this key's
    compromised_at: AwareDatetime | None = None  # when others were known to have the key

    @cached_property
    def second_key(self) -> PublicKey | None:
        """The post-quantum key beside the key, where the issuer has one."""
        return None if self.second_jwk is None else public_key_from_jwk(self.second_jwk)

    @cached_property
    def public_key(self) -> PublicKey:
        """The key itself."""
        return public_key_from_jwk(self.jwk)

    def valid_at(self, at: datetime) -> bool:
        """Whether the key may sign at that moment; the last moment no longer counts."""
        return self.compromised_at is None and self.not_before <= at < self.not_after

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        """A thumbprint that is not the key's own would pin nothing (RFC 7638 section 3)."""
        if self.public_key.thumbprint() != self.thumbprint:
            raise TrustError("trust.key_pin", "a thumbprint is not that of its key")
        if self.public_key.algorithm in POST_QUANTUM:
            raise TrustError("trust.invalid", "a post-quantum key stands only beside another")
        if self.second_key is not None and self.second_key.algorithm not in POST_QUANTUM:
            raise TrustError("trust.invalid", "a second key must be a post-quantum one")
        return self


class TrustedIssuer(_Wire):
    """An organisation that may sign records, with the anchors its certificates must end at."""

    iss: HttpsUrl
    ods: OdsCode
    name: Name
    anchors: tuple[Der, ...]
    keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1)]
    status_lists: tuple[HttpsUrl, ...]
    status_aggregation: HttpsUrl | None = None

    def key(self, thumbprint: str) -> TrustedKey | None:
        """The key with that thumbprint, or None."""
        return next((key for key in self.keys if key.thumbprint == thumbprint), None)


class RegisteredPurpose(_Wire):
    """What a verifier may ask for one purpose: claims per record type, and how long it keeps."""

    retention: Name
    claims: Annotated[Mapping[str, Names], Field(min_length=1)]


class TrustedDid(_Wire):
    """A decentralized identifier under which a verifier may ask, and the key that counts for it."""

    id: Did
    thumbprint: Hash


class TrustedVerifier(_Wire):
    """An organisation that may ask, known by the hash of its certificate (``x509_hash``).

    ``address`` is where its desk answers a code that a person typed; ``did`` names it as well.
    """

    certificate_hash: Hash
    ods: OdsCode
    name: Name
    anchors: tuple[Der, ...]
    purposes: Annotated[Mapping[str, RegisteredPurpose], Field(min_length=1)]
    not_before: AwareDatetime
    not_after: AwareDatetime
    address: HttpsOrigin | None = None
    did: TrustedDid | None = None

    @property
    def host(self) -> str | None:
        """The host of ``address``."""
        return None if self.address is None else urlsplit(self.address).hostname

    @model_validator(mode="after")
    def _says_where_a_did_answers(self) -> Self:
        """A DID names no host: without an address an answer could be led anywhere."""
        if self.did is not None and self.address is None:
            raise TrustError("trust.invalid", "a verifier with a DID has an address")
        return self

    @model_validator(mode="after")
    def _asks_for_direct_care(self) -> Self:
        """The purposes are a closed list (security.md): nothing else can be registered."""
        if foreign := self.purposes.keys() - purposes().keys():
            raise TrustError("trust.purpose", f"not direct care: {', '.join(sorted(foreign))}")
        return self


class Registrar(_Wire):
    """The key that signs registrations of verifiers."""

    jwk: Mapping[str, str]

    @cached_property
    def public_key(self) -> PublicKey:
        """The key itself."""
        return public_key_from_jwk(self.jwk)


class TrustList(_Wire):
    """The whole list: the target ``trust-list.json`` of the authority's TUF repository."""

    type: Literal["hp-trust-list"] = LIST_TYPE
    version: Annotated[int, Field(ge=1, strict=True)]
    issued_at: AwareDatetime
    issuers: tuple[TrustedIssuer, ...]
    verifiers: tuple[TrustedVerifier, ...]
    registrar: Registrar

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The list in ``data``.

        Raises:
            TrustError: ``trust.type`` when it is something else, ``trust.duplicate``,
                ``trust.purpose``, ``trust.key_pin`` or ``trust.invalid``.
        """
        try:
            found = parse_json_object(data, max_bytes=MAX_LIST_BYTES, max_depth=MAX_LIST_DEPTH)
        except EncodingError as error:
            raise TrustError("trust.invalid", error.code) from error
        if found.get("type") != LIST_TYPE:
            raise TrustError("trust.type", "the signed file is not a trust list")
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise TrustError("trust.invalid", f"{where}: {first['msg']}") from error
        except PassportError as error:
            if isinstance(error, TrustError):
                raise
            raise TrustError("trust.invalid", error.code) from error

    def to_bytes(self) -> bytes:
        """The list as JSON, as it is published."""
        value: Json = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dump_json(value, indent=1)

    @model_validator(mode="after")
    def _names_nothing_twice(self) -> Self:
        """Also across issuers: one key that two issuers share would blur who signed."""
        _refuse_twice("issuer", (issuer.iss for issuer in self.issuers))
        _refuse_twice("key", (key.thumbprint for issuer in self.issuers for key in issuer.keys))
        _refuse_twice(
            "second key",
            (
                name
                for issuer in self.issuers
                for name in {key.second_key.thumbprint() for key in issuer.keys if key.second_key}
            ),
        )
        _refuse_twice("verifier", (entry.certificate_hash for entry in self.verifiers))
        _refuse_twice("DID", (entry.did.id for entry in self.verifiers if entry.did))
        _refuse_twice(
            "status list", (uri for issuer in self.issuers for uri in issuer.status_lists)
        )
        return self

    @cached_property
    def _by_iss(self) -> Mapping[str, TrustedIssuer]:
        return {issuer.iss: issuer for issuer in self.issuers}

    @cached_property
    def _by_hash(self) -> Mapping[str, TrustedVerifier]:
        return {entry.certificate_hash: entry for entry in self.verifiers}

    def issuer(self, iss: str) -> TrustedIssuer:
        """The issuer with that identifier, compared octet by octet (else trust.issuer_unknown)."""
        found = self._by_iss.get(iss)
        if found is None:
            raise TrustError("trust.issuer_unknown")
        return found

    def issuer_key(
        self, *, iss: str, thumbprint: str, record_type: str, at: datetime
    ) -> tuple[TrustedIssuer, TrustedKey]:
        """The entry that says: this issuer may sign this record type with this key at ``at``.

        Raises:
            TrustError: ``trust.issuer_unknown``, ``trust.key_unknown``, ``trust.key_compromised``,
                ``trust.issuer_not_authorised`` or ``trust.key_expired``.
        """
        issuer = self.issuer(iss)
        key = issuer.key(thumbprint)
        if key is None:
            raise TrustError("trust.key_unknown")
        # Whatever ``at`` says: who has the key writes any date into what it signs.
        if key.compromised_at is not None:
            raise TrustError("trust.key_compromised")
        if record_type not in key.record_types:
            raise TrustError("trust.issuer_not_authorised", f"not for {record_type}")
        if not key.valid_at(at):
            raise TrustError("trust.key_expired")
        return issuer, key

    def verifier(self, certificate_hash: str, at: datetime) -> TrustedVerifier:
        """The verifier with that certificate, entitled at ``at``.

        Raises:
            TrustError: ``trust.verifier_unknown`` or ``trust.verifier_expired``.
        """
        return _entitled(self._by_hash.get(certificate_hash), at)

    def verifier_by_did(self, did: str, at: datetime) -> TrustedVerifier:
        """The verifier with that decentralized identifier; raises as ``verifier``."""
        return _entitled(self._by_did.get(did), at)

    @cached_property
    def _by_did(self) -> Mapping[str, TrustedVerifier]:
        return {entry.did.id: entry for entry in self.verifiers if entry.did is not None}

    def status_issuer(self, uri: str) -> TrustedIssuer | None:
        """The issuer that the list names for the status list at ``uri``, or None."""
        return self._by_status_list.get(uri)

    @cached_property
    def _by_status_list(self) -> Mapping[str, TrustedIssuer]:
        return {uri: issuer for issuer in self.issuers for uri in issuer.status_lists}


@dataclass(frozen=True, slots=True)
class TrustView:
    """The list as read at one moment: when it was last confirmed, and whether that is too old.

    ``stale`` means that nothing may be accepted on its word: could not check.
    """

    trust_list: TrustList
    updated_at: datetime
    age: timedelta
    stale: bool


def _entitled(found: TrustedVerifier | None, at: datetime) -> TrustedVerifier:
    if found is None:
        raise TrustError("trust.verifier_unknown")
    if not found.not_before <= at < found.not_after:
        raise TrustError("trust.verifier_expired")
    return found


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TrustError("trust.duplicate", f"{what} {name} is named twice")
        seen.add(name)
