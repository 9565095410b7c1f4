"""What an issuer and its authorization server say of themselves.

OpenID4VCI 1.0 section 12.2 and RFC 8414. The issuer builds these models, the wallet reads them.
What is *not* here: fetching them, and the list of record types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, ValidationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse
from healthpassport.summary import definition, record_types

ISSUER_METADATA: Final = "openid-credential-issuer"  # OpenID4VCI 1.0 section 12.2.2
SERVER_METADATA: Final = "oauth-authorization-server"  # RFC 8414 section 3
JWT_VC_ISSUER: Final = "jwt-vc-issuer"  # SD-JWT VC draft-19 section 4
SIGNED_TYP: Final = "openidvci-issuer-metadata+jwt"  # OpenID4VCI 1.0 section 12.2.3

Names = Annotated[tuple[str, ...], Field(strict=False)]
_KINDS: Final = "credential_configurations_supported"
# Section 12.2.4: empty, it asks for an attestation of any level.
_MAY_BE_EMPTY: Final = frozenset({"key_attestations_required"})
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s#]+$", max_length=2_048)]


class ProofType(WireModel):
    """Which key proofs a configuration takes (section 12.2.4)."""

    proof_signing_alg_values_supported: Annotated[tuple[str, ...], Field(strict=False)]
    key_attestations_required: Mapping[str, JsonValue] | None = None


class ClaimDescription(WireModel):
    """The words for one claim (appendix B.2)."""

    path: Annotated[tuple[str | int | None, ...], Field(min_length=1, strict=False)]
    mandatory: bool | None = None
    display: Annotated[tuple[Mapping[str, str], ...], Field(strict=False)] = ()


class CredentialMetadata(WireModel):
    """The words for one configuration (section 12.2.4)."""

    display: Annotated[tuple[Mapping[str, JsonValue], ...], Field(strict=False)] = ()
    claims: Annotated[tuple[ClaimDescription, ...], Field(strict=False)] = ()


class CredentialDefinition(WireModel):
    """Contexts and types of a W3C credential (appendix A.1.2.2); some formats have types alone."""

    contexts: Annotated[
        tuple[str | Mapping[str, JsonValue], ...],
        Field(alias="@context", max_length=16, strict=False),
    ] = ()
    type: Annotated[tuple[str, ...], Field(min_length=1, max_length=16, strict=False)]

    @property
    def record_type(self) -> str | None:
        """The expanded type of the record that these contexts and types name, or None."""
        return next(
            (
                known.vct
                for known in map(definition, record_types())
                if known.context in self.contexts and known.credential_type in self.type
            ),
            None,
        )


class CredentialConfiguration(WireModel):
    """One kind of credential that an issuer gives (section 12.2.4, appendix A.3)."""

    format: str
    scope: str | None = None
    vct: str | None = None
    credential_definition: CredentialDefinition | None = None
    cryptographic_binding_methods_supported: Annotated[tuple[str, ...], Field(strict=False)] = ()
    credential_signing_alg_values_supported: Annotated[
        tuple[str | int, ...], Field(strict=False)
    ] = ()
    proof_types_supported: Mapping[str, ProofType] = {}
    credential_metadata: CredentialMetadata | None = None

    @property
    def wants_attested_keys(self) -> bool:
        """Whether no proof does in which nobody vouches for the keys (appendix D)."""
        proofs = self.proof_types_supported.values()
        return all(proof.key_attestations_required is not None for proof in proofs)

    @property
    def record_type(self) -> str | None:
        """The identifier of the type: ``vct``, or the expanded type of a W3C credential.

        The contexts of the two families name a type alike (schemas/json_ld.py), so that the
        second is found by the context that a configuration names beside its types.
        """
        if self.credential_definition is None:
            return self.vct
        return self.credential_definition.record_type


class BatchIssuance(WireModel):
    """How many copies come in one response (section 12.2.4)."""

    batch_size: Annotated[int, Field(ge=2)]


class IssuerMetadata(WireModel):
    """A credential issuer's metadata (section 12.2.4)."""

    credential_issuer: HttpsUrl
    authorization_servers: Annotated[tuple[HttpsUrl, ...], Field(strict=False)] = ()
    credential_endpoint: HttpsUrl
    nonce_endpoint: HttpsUrl | None = None
    deferred_credential_endpoint: HttpsUrl | None = None
    notification_endpoint: HttpsUrl | None = None
    credential_request_encryption: Mapping[str, JsonValue] | None = None
    credential_response_encryption: Mapping[str, JsonValue] | None = None
    batch_credential_issuance: BatchIssuance | None = None
    display: Annotated[tuple[Mapping[str, JsonValue], ...], Field(strict=False)] = ()
    credential_configurations_supported: Mapping[str, CredentialConfiguration]

    def wire(self) -> dict[str, Json]:
        """The metadata as its JSON object; empty members are left out."""
        return _wire(self)


class AuthorizationServerMetadata(WireModel):
    """An authorization server's metadata (RFC 8414 section 2)."""

    issuer: HttpsUrl
    token_endpoint: HttpsUrl
    authorization_endpoint: HttpsUrl | None = None
    pushed_authorization_request_endpoint: HttpsUrl | None = None  # RFC 9126 section 5
    require_pushed_authorization_requests: bool | None = None
    challenge_endpoint: HttpsUrl | None = None  # attestation-based client auth, draft-07 section 8
    scopes_supported: Names = ()
    grant_types_supported: Names = ()
    response_types_supported: Names = ()
    response_modes_supported: Names = ()
    ui_locales_supported: Names = ()
    code_challenge_methods_supported: Names = ()
    authorization_details_types_supported: Names = ()  # RFC 9396 section 10
    authorization_response_iss_parameter_supported: bool | None = None  # RFC 9207 section 3
    token_endpoint_auth_methods_supported: Names = ()
    client_attestation_signing_alg_values_supported: Names = ()
    client_attestation_pop_signing_alg_values_supported: Names = ()
    dpop_signing_alg_values_supported: Names = ()
    anonymous: Annotated[
        bool | None, Field(alias="pre-authorized_grant_anonymous_access_supported")
    ] = None

    def wire(self) -> dict[str, Json]:
        """The metadata as its JSON object."""
        # RFC 8414 section 2: response_types_supported is required, even where it is empty.
        return {**_wire(self), "response_types_supported": list(self.response_types_supported)}


def well_known_url(issuer: str, name: str) -> str:
    """The address of document ``name`` of ``issuer``.

    RFC 8414 section 3.1 and OpenID4VCI 1.0 section 12.2.2: the well-known part stands between host
    and path.
    """
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


def parse_issuer_metadata(data: bytes, *, expected_issuer: str) -> IssuerMetadata:
    """The issuer's metadata in ``data``.

    Kinds of credential that do not fit the models are passed over: another's are no reason not to
    take ours.

    Raises:
        ProtocolError: ``oid4vci.metadata`` when it is malformed or names another issuer
            (section 12.2.3).
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data)
    kinds = value.get(_KINDS)
    if isinstance(kinds, Mapping):
        value = {**value, _KINDS: {name: one for name, one in kinds.items() if _fits(one)}}
    try:
        found = IssuerMetadata.model_validate(value)
    except ValidationError as error:
        raise refuse("metadata", error) from error
    if found.credential_issuer != expected_issuer:
        raise refuse("metadata", detail="it belongs to another issuer")
    return found


def _fits(configuration: Json) -> bool:
    try:
        CredentialConfiguration.model_validate(configuration)
    except ValidationError:
        return False
    return True


def parse_authorization_server_metadata(
    data: bytes, *, expected_issuer: str
) -> AuthorizationServerMetadata:
    """The authorization server's metadata in ``data`` (RFC 8414 section 3.3).

    Raises:
        ProtocolError: ``oid4vci.metadata``.
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data)
    try:
        found = AuthorizationServerMetadata.model_validate(value)
    except ValidationError as error:
        raise refuse("metadata", error) from error
    if found.issuer != expected_issuer:
        raise refuse("metadata", detail="it belongs to another server")
    return found


def _wire(model: WireModel) -> dict[str, Json]:
    dumped: dict[str, Json] = model.model_dump(by_alias=True, exclude_none=True, mode="json")
    return {name: _filled(value) for name, value in dumped.items() if value not in ([], {})}


def _filled(value: Json) -> Json:
    """``value`` without empty members: the metadata schema wants a list with entries or none."""
    if isinstance(value, Mapping):
        return {
            name: _filled(entry)
            for name, entry in value.items()
            if entry not in ([], {}) or name in _MAY_BE_EMPTY
        }
    if isinstance(value, list):
        return [_filled(entry) for entry in value]
    return value
