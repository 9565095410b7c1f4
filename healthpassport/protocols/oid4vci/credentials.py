"""Credential request and response, deferred or not, notification (OpenID4VCI 1.0, 8, 9, 11)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import ceil
from typing import Annotated, Final

from pydantic import Field, JsonValue, ValidationError

from healthpassport.encoding import Json, dump_text, parse_json_object
from healthpassport.errors import EncodingError
from healthpassport.protocols.oid4vci.encryption import ResponseEncryption, read_encryption
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse

PROOF_TYPE: Final = "jwt"  # appendix F.1
ATTESTATION: Final = "attestation"  # appendix F.3
PROOF_TYPES: Final = frozenset({PROOF_TYPE, ATTESTATION})
MAX_IDENTIFIER_LENGTH: Final = 4_096  # characters; some servers keep their state in them
MAX_INTERVAL: Final = 10**15  # seconds: for good

Identifier = Annotated[str, Field(min_length=1, max_length=MAX_IDENTIFIER_LENGTH)]


class CredentialRequest(WireModel):
    """A credential request (section 8.2): exactly one of the two identifiers, and key proofs.

    What is bound to no key, such as an emergency card, takes none.
    """

    credential_configuration_id: Identifier | None = None
    credential_identifier: Identifier | None = None
    proofs: tuple[str, ...] = ()
    proof_type: str = PROOF_TYPE
    credential_response_encryption: ResponseEncryption | None = None

    def wire(self) -> dict[str, Json]:
        """The request as its JSON object."""
        identifiers = {
            "credential_configuration_id": self.credential_configuration_id,
            "credential_identifier": self.credential_identifier,
        }
        named: dict[str, Json] = {k: v for k, v in identifiers.items() if v is not None}
        if self.proofs:
            named["proofs"] = {self.proof_type: list(self.proofs)}
        if self.credential_response_encryption is not None:
            named["credential_response_encryption"] = self.credential_response_encryption.wire()
        return named


class IssuedCredential(WireModel):
    """One copy (section 8.3): text, or the JSON object of a W3C credential (appendix A.1.2.4)."""

    credential: str | Mapping[str, JsonValue]

    @property
    def text(self) -> str:
        """The credential as a format parses it."""
        if isinstance(self.credential, str):
            return self.credential
        return dump_text(self.credential)


class CredentialResponse(WireModel):
    """A credential response (section 8.3).

    ``c_nonce`` is of the drafts up to 14, an additional parameter that a wallet of 1.0 ignores.
    """

    credentials: Annotated[tuple[IssuedCredential, ...], Field(min_length=1, strict=False)]
    notification_id: Identifier | None = None
    c_nonce: Identifier | None = None

    def wire(self) -> dict[str, Json]:
        """The response as its JSON object."""
        return self.model_dump(exclude_none=True, mode="json")


class DeferredResponse(WireModel):
    """The answer of an issuer that needs more time (sections 8.3 and 9.2)."""

    transaction_id: Identifier
    interval: Annotated[int | float, Field(gt=0, le=MAX_INTERVAL)]  # seconds

    @property
    def seconds(self) -> int:
        """The whole seconds to wait; the specification allows any positive number."""
        return ceil(self.interval)

    def wire(self) -> dict[str, Json]:
        """The response as its JSON object."""
        return self.model_dump(mode="json")


class DeferredRequest(WireModel):
    """A request for what was put off (section 9.1)."""

    transaction_id: Identifier
    credential_response_encryption: ResponseEncryption | None = None

    def wire(self) -> dict[str, Json]:
        """The request as its JSON object."""
        named: dict[str, Json] = {"transaction_id": self.transaction_id}
        if self.credential_response_encryption is not None:
            named["credential_response_encryption"] = self.credential_response_encryption.wire()
        return named


class NotificationEvent(StrEnum):
    """What became of the credentials at the wallet (section 11.1)."""

    ACCEPTED = "credential_accepted"
    FAILURE = "credential_failure"
    DELETED = "credential_deleted"


class NotificationRequest(WireModel):
    """A notification (section 11.1)."""

    notification_id: Identifier
    event: Annotated[NotificationEvent, Field(strict=False)]
    event_description: Annotated[str, Field(max_length=1_024)] | None = None

    def wire(self) -> dict[str, Json]:
        """The notification as its JSON object."""
        return self.model_dump(exclude_none=True, mode="json")


def parse_credential_request(body: bytes) -> CredentialRequest:
    """The credential request in JSON ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_credential_request``, ``oid4vci.invalid_proof`` for proofs
            that are neither ``jwt`` nor ``attestation`` proofs,
            ``oid4vci.invalid_encryption_parameters``.
    """
    value = _object(body, "invalid_credential_request")
    named = {"credential_configuration_id", "credential_identifier"} & value.keys()
    if len(named) != 1:  # section 8.2: one of them, never both
        raise refuse("invalid_credential_request", detail="name one credential")
    proof_type, proofs = _proofs(value)
    read = {
        "proofs": proofs,
        "proof_type": proof_type,
        "credential_response_encryption": read_encryption(value),
    }
    try:
        return CredentialRequest.model_validate({**value, **read})
    except ValidationError as error:
        raise refuse("invalid_credential_request", error) from error


def parse_credential_response(data: bytes) -> CredentialResponse:
    """The credential response in JSON ``data``, for a wallet.

    Raises:
        ProtocolError: ``oid4vci.response``.
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data)
    try:
        return CredentialResponse.model_validate(value)
    except ValidationError as error:
        raise refuse("response", error) from error


def parse_any_credential_response(data: bytes) -> CredentialResponse | DeferredResponse:
    """The response in JSON ``data``, for a wallet: what was asked for, or word that it comes later.

    Raises:
        ProtocolError: ``oid4vci.response``, also where it is both (section 8.3).
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data)
    if "transaction_id" not in value:
        return parse_credential_response(data)
    if "credentials" in value:
        raise refuse("response", detail="it is given and put off at once")
    try:
        return DeferredResponse.model_validate(value)
    except ValidationError as error:
        raise refuse("response", error) from error


def parse_deferred_request(body: bytes) -> DeferredRequest:
    """The deferred credential request in JSON ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_credential_request`` where it is malformed (section 9.3),
            ``oid4vci.invalid_encryption_parameters``.
    """
    value = _object(body, "invalid_credential_request")
    try:
        return DeferredRequest.model_validate(
            {**value, "credential_response_encryption": read_encryption(value)}
        )
    except ValidationError as error:
        raise refuse("invalid_credential_request", error) from error


def parse_notification(body: bytes) -> NotificationRequest:
    """The notification in JSON ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_notification_request``.
    """
    try:
        return NotificationRequest.model_validate(_object(body, "invalid_notification_request"))
    except ValidationError as error:
        raise refuse("invalid_notification_request", error) from error


def _object(body: bytes, name: str) -> dict[str, Json]:
    try:
        return parse_json_object(body)
    except EncodingError as error:
        raise refuse(name, detail=str(error)) from error


def _proofs(value: Mapping[str, Json]) -> tuple[str, tuple[str, ...]]:
    """Section 8.2: ``proofs`` holds exactly one proof type, each of ours an array of texts.

    Whether there must be any is for the configuration to say.
    """
    if "proofs" not in value:
        return PROOF_TYPE, ()
    proofs = value["proofs"]
    if not isinstance(proofs, dict) or len(proofs) != 1 or not proofs.keys() <= PROOF_TYPES:
        raise refuse("invalid_proof", detail="proofs holds one of jwt and attestation")
    ((name, entries),) = proofs.items()
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise refuse("invalid_proof", detail=f"proofs.{name} is no list of texts")
    return name, tuple(str(entry) for entry in entries)
