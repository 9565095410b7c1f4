"""Credential offers (OpenID4VCI 1.0 section 4.1), given by value or by reference.

What is *not* here: fetching an offer by its ``credential_offer_uri``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, ValidationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse

PRE_AUTHORIZED_CODE_GRANT: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
SIGN_IN_GRANT: Final = "authorization_code"  # section 4.1.1
OFFER_SCHEME: Final = "openid-credential-offer://"  # section 4.1.2
# HAIP 1.0 section 4.2 has a scheme of its own; an https link leads to a wallet's own pages.
SCHEMES: Final = frozenset({"openid-credential-offer", "haip-vci", "https"})
_OFFER_PARAMETERS: Final = frozenset({"credential_offer", "credential_offer_uri"})
MAX_OFFER_LENGTH: Final = 16_384  # characters of a link; a QR code holds less than 3,000

ConfigurationId = Annotated[str, Field(min_length=1, max_length=2_048)]


class TxCode(WireModel):
    """What the wallet asks the person for: the transaction code, our PIN (section 4.1.1)."""

    input_mode: Literal["numeric", "text"] = "numeric"
    length: Annotated[int, Field(gt=0)] | None = None
    description: Annotated[str, Field(max_length=300)] | None = None


class PreAuthorizedGrant(WireModel):
    """The pre-authorised code grant of an offer (section 4.1.1)."""

    code: Annotated[str, Field(alias="pre-authorized_code", min_length=1, max_length=2_048)]
    tx_code: TxCode | None = None
    authorization_server: str | None = None


class Grants(WireModel):
    """The grants that this project can use."""

    pre_authorized: Annotated[PreAuthorizedGrant, Field(alias=PRE_AUTHORIZED_CODE_GRANT)]


class SignInGrant(WireModel):
    """The authorization code grant of an offer (section 4.1.1)."""

    issuer_state: Annotated[str, Field(min_length=1, max_length=2_048)] | None = None
    authorization_server: str | None = None


class SignInGrants(WireModel):
    """The grants of an offer for whose records the patient signs in.

    Section 4.1.1: with no grants the metadata tells; without a code that is to sign in.
    """

    authorization_code: SignInGrant = SignInGrant()


class SignInOffer(WireModel):
    """An offer for whose records the patient signs in: ``issuer_state`` leads back to it."""

    credential_issuer: Annotated[str, Field(pattern=r"^https://[^\s?#]+$", max_length=2_048)]
    credential_configuration_ids: Annotated[
        tuple[ConfigurationId, ...], Field(min_length=1, max_length=64, strict=False)
    ]
    grants: SignInGrants = SignInGrants()

    def wire(self) -> dict[str, Json]:
        """The offer as its JSON object."""
        return self.model_dump(exclude_none=True, mode="json")


class CredentialOffer(WireModel):
    """An offer: who issues, what, and the pre-authorised code that fetches it."""

    credential_issuer: Annotated[str, Field(pattern=r"^https://[^\s?#]+$", max_length=2_048)]
    credential_configuration_ids: Annotated[
        tuple[ConfigurationId, ...], Field(min_length=1, max_length=64, strict=False)
    ]
    grants: Grants

    def wire(self) -> dict[str, Json]:
        """The offer as its JSON object."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


def make_offer(
    *, issuer: str, configuration_ids: tuple[str, ...], code: str, tx_code: TxCode | None
) -> CredentialOffer:
    """The offer of ``configuration_ids`` by ``issuer`` against ``code`` and the PIN."""
    grant: dict[str, object] = {"pre-authorized_code": code}
    if tx_code is not None:
        grant["tx_code"] = tx_code.model_dump(exclude_none=True)
    return CredentialOffer.model_validate(
        {
            "credential_issuer": issuer,
            "credential_configuration_ids": configuration_ids,
            "grants": {PRE_AUTHORIZED_CODE_GRANT: grant},
        }
    )


def make_sign_in_offer(
    *, issuer: str, configuration_ids: tuple[str, ...], issuer_state: str
) -> SignInOffer:
    """The offer of ``configuration_ids``; ``issuer_state`` comes back with the request."""
    grant = SignInGrant(issuer_state=issuer_state)
    return SignInOffer(
        credential_issuer=issuer,
        credential_configuration_ids=configuration_ids,
        grants=SignInGrants(authorization_code=grant),
    )


def parse_offer(data: bytes | str) -> CredentialOffer:
    """The offer in JSON ``data``.

    Raises:
        ProtocolError: ``oid4vci.offer`` when it is no offer of a pre-authorised code.
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data, max_bytes=MAX_OFFER_LENGTH)
    try:
        return CredentialOffer.model_validate(value)
    except ValidationError as error:
        raise refuse("offer", error) from error


def parse_any_offer(data: bytes | str) -> CredentialOffer | SignInOffer:
    """The offer in JSON ``data``, of either kind; of both, the one with the code counts.

    With no grants at all it is one to sign in for (section 4.1.1).

    Raises:
        As ``parse_offer``.
    """
    value = parse_json_object(data, max_bytes=MAX_OFFER_LENGTH)
    grants = value.get("grants")
    names = grants.keys() if isinstance(grants, Mapping) else ()
    try:
        if grants is None or grants == {}:
            return SignInOffer.model_validate({**value, "grants": {}})
        if SIGN_IN_GRANT in names and PRE_AUTHORIZED_CODE_GRANT not in names:
            return SignInOffer.model_validate(value)
        return CredentialOffer.model_validate(value)
    except ValidationError as error:
        raise refuse("offer", error) from error


def offer_link(*, uri: str) -> str:
    """The link that a QR code shows, with the offer by reference (section 4.1.3)."""
    return f"{OFFER_SCHEME}?{urlencode({'credential_offer_uri': uri})}"


def parse_offer_link(link: str) -> CredentialOffer | SignInOffer | str:
    """The offer that ``link`` carries, or the https address where it is to be fetched.

    Raises:
        ProtocolError: ``oid4vci.offer`` for anything but one offer by value or by reference.
    """
    try:
        parts = urlsplit(link)
        given = parse_qsl(parts.query)
    except ValueError as error:
        raise refuse("offer", detail="it is no link") from error
    if len(link) > MAX_OFFER_LENGTH or parts.scheme not in SCHEMES:
        raise refuse("offer")
    found = [(name, value) for name, value in given if name in _OFFER_PARAMETERS]
    if len(found) != 1:  # section 4.1: exactly one of the two
        raise refuse("offer", detail="a link holds exactly one offer")
    name, value = found[0]
    if name == "credential_offer":
        try:
            return parse_any_offer(value)
        except EncodingError as error:
            raise refuse("offer", detail=error.code) from error
    if name != "credential_offer_uri" or not value.startswith("https://"):
        raise refuse("offer", detail="the offer's address must be https")
    return value
