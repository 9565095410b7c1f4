"""Opening an offer: what is offered, by whom, and where to fetch it (OpenID4VCI 1.0, 4 and 12).

What is *not* here: whether the issuer is trusted; the trust list says so of each record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from healthpassport.errors import (
    EncodingError,
    FetchError,
    PassportError,
    ProtocolError,
    RecordError,
    ServiceError,
)
from healthpassport.fetch import Fetcher
from healthpassport.protocols.oid4vci import (
    ATTESTATION,
    AUTHORIZATION_CODE_GRANT,
    PRE_AUTHORIZED_CODE_GRANT,
    AuthorizationServerMetadata,
    CredentialConfiguration,
    CredentialOffer,
    IssuerMetadata,
    SignInOffer,
    TxCode,
    parse_any_offer,
    parse_authorization_server_metadata,
    parse_issuer_metadata,
    parse_offer_link,
    well_known_url,
)
from healthpassport.summary import RecordDefinition, definition_for_vct

from . import hidden
from .exchange import OK, get, refusal

# What this wallet takes, the preferred first: one record comes in one format.
FORMATS_TAKEN: Final = ("dc+sd-jwt", "ldp_vc")
PROOFS: Final = ("jwt", ATTESTATION)
ALGORITHM = "ES256"  # HAIP 1.0 section 7
JWK: Final = "jwk"  # section 12.2.4: how a proof names its key
MAX_SERVERS: Final = 8  # authorization servers of one issuer that are looked at
Parsed = TypeVar("Parsed")
_ISSUER_DOCUMENT = "openid-credential-issuer"
_SERVER_DOCUMENT = "oauth-authorization-server"
_GONE = (404, 410)  # an offer by reference that was used or has expired


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one configuration of an issuer gives: a record type in a format."""

    definition: RecordDefinition
    format: str


@dataclass(frozen=True, slots=True)
class OpenedOffer:
    """An offer whose issuer answered: ``wanted`` maps configuration ids to what they give."""

    offer: CredentialOffer | SignInOffer
    issuer: IssuerMetadata
    server: AuthorizationServerMetadata
    wanted: Mapping[str, Wanted]

    @property
    def code(self) -> str | None:
        """The code that the offer holds; None where the person has to sign in."""
        offer = self.offer
        return offer.grants.pre_authorized.code if isinstance(offer, CredentialOffer) else None

    @property
    def pin(self) -> TxCode | None:
        """What kind of PIN the offer needs, or None."""
        offer = self.offer
        return offer.grants.pre_authorized.tx_code if isinstance(offer, CredentialOffer) else None

    @property
    def batch_size(self) -> int:
        """How many copies of one record may be asked for at once (section 12.2.4)."""
        batch = self.issuer.batch_credential_issuance
        return batch.batch_size if batch else 1


def open_offer(link: str, *, fetcher: Fetcher, expected_issuer: str | None = None) -> OpenedOffer:
    """The offer behind ``link``, with the metadata of its issuer; nothing is claimed yet.

    ``expected_issuer`` is whose offer it has to be, where that is known already.

    Raises:
        ProtocolError: ``oid4vci.offer``, also for another's, or ``oid4vci.metadata``.
        ServiceError: ``wallet.offer_unsupported``, ``wallet.offer_gone``,
            ``wallet.issuer_failed``.
        FetchError: of the fetcher; ``ssrf.blocked`` also for an address that is not https.
    """
    offer = _offer(link.strip(), fetcher)
    if expected_issuer is not None and offer.credential_issuer != expected_issuer:
        raise ProtocolError("oid4vci.offer", "it is of another issuer than its address says")
    return describe(offer, fetcher=fetcher)


def describe(
    offer: CredentialOffer | SignInOffer, *, fetcher: Fetcher, asked: str | None = None
) -> OpenedOffer:
    """``offer`` with the metadata of its issuer; raises as ``open_offer``."""
    if isinstance(offer, CredentialOffer):
        named, grant = offer.grants.pre_authorized.authorization_server, PRE_AUTHORIZED_CODE_GRANT
    else:
        named, grant = (
            offer.grants.authorization_code.authorization_server,
            AUTHORIZATION_CODE_GRANT,
        )
    issuer, server = read_issuer(
        offer.credential_issuer, fetcher=fetcher, server=named, grant=grant, asked=asked
    )
    hidden.check_usable(issuer)
    if not _takes(server, grant):
        raise ServiceError("wallet.offer_unsupported", "the server does not take such offers")
    return OpenedOffer(offer, issuer, server, wanted_of(offer.credential_configuration_ids, issuer))


def read_issuer(
    identifier: str,
    *,
    fetcher: Fetcher,
    server: str | None = None,
    grant: str | None = None,
    asked: str | None = None,
) -> tuple[IssuerMetadata, AuthorizationServerMetadata]:
    """What an issuer and its authorization server say of themselves.

    Of several servers it is the one named ``server``, else the first that takes ``grant``, of which
    ``asked`` comes before the others; without either it is the first alone, since another would
    refuse for good what the first gave.

    Raises:
        As ``open_offer``, but for what is wrong with an offer.
    """
    metadata = _document(fetcher, identifier, _ISSUER_DOCUMENT)
    issuer = _understood(lambda: parse_issuer_metadata(metadata, expected_issuer=identifier))
    known = sorted(_servers(server, issuer), key=lambda one: one != asked)
    found = _server(known if grant else known[:1], grant, fetcher)
    if ALGORITHM not in found.dpop_signing_alg_values_supported:  # HAIP 1.0 section 4
        raise ServiceError("wallet.offer_unsupported", "the server does not bind tokens to keys")
    return issuer, found


def _offer(link: str, fetcher: Fetcher) -> CredentialOffer | SignInOffer:
    _refuse_plain_http(link)
    found = parse_offer_link(link)
    if not isinstance(found, str):
        return found
    response = get(fetcher, found)
    if response.status != OK:
        gone = response.status in _GONE
        raise refusal(response, code="wallet.offer_gone" if gone else "wallet.issuer_failed")
    return parse_any_offer(response.body)


def _refuse_plain_http(link: str) -> None:
    """An address that is not https is named for what it is, before anything is fetched."""
    try:
        members = dict(parse_qsl(urlsplit(link).query))
    except ValueError:
        return
    reference = members.get("credential_offer_uri", "https:")
    issuer = members.get("credential_offer", "")
    if not reference.startswith("https:") or '"credential_issuer":"http:' in issuer.replace(
        " ", ""
    ):
        raise FetchError("ssrf.blocked", "an offer leads to an address that is not https")


def _document(fetcher: Fetcher, identifier: str, name: str) -> bytes:
    response = get(fetcher, well_known_url(identifier, name))
    if response.status != OK:
        raise refusal(response, code="wallet.issuer_failed")
    return response.body


def _servers(named: str | None, issuer: IssuerMetadata) -> tuple[str, ...]:
    """Section 12.2.4: the issuer itself unless it names servers; an offer may choose."""
    known = issuer.authorization_servers or (issuer.credential_issuer,)
    if named is None:
        return known[:MAX_SERVERS]
    # Section 4.1.1: it must be one that the issuer's own metadata lists.
    if named not in known:
        raise ServiceError("wallet.offer_unsupported", "the offer names a foreign server")
    return (named,)


def _server(
    identifiers: Sequence[str], grant: str | None, fetcher: Fetcher
) -> AuthorizationServerMetadata:
    """The first that takes ``grant``; one of several that is away is passed over."""
    problem: PassportError | None = None
    for identifier in identifiers:
        try:
            document = _document(fetcher, identifier, _SERVER_DOCUMENT)
            found = _parsed_server(document, identifier)
        except (FetchError, ProtocolError, ServiceError) as error:
            problem = problem or error
            continue
        if grant is None or _takes(found, grant) or len(identifiers) == 1:
            return found
    raise problem or ServiceError("wallet.offer_unsupported", "no server takes such offers")


def _parsed_server(document: bytes, identifier: str) -> AuthorizationServerMetadata:
    return _understood(
        lambda: parse_authorization_server_metadata(document, expected_issuer=identifier)
    )


def _takes(server: AuthorizationServerMetadata, grant: str) -> bool:
    """RFC 8414 section 2: without the member defaults apply, of which one is used here."""
    return grant in (server.grant_types_supported or (AUTHORIZATION_CODE_GRANT,))


def _understood(parse: Callable[[], Parsed]) -> Parsed:
    """What is no JSON, such as signed metadata that nobody asked for, is the issuer's fault."""
    try:
        return parse()
    except EncodingError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error


def proof_types(configuration: CredentialConfiguration) -> tuple[str, ...]:
    """The proofs of this wallet that ``configuration`` takes (appendix F)."""
    known = configuration.proof_types_supported
    return tuple(
        name
        for name in PROOFS
        if name in known and ALGORITHM in known[name].proof_signing_alg_values_supported
    )


def wants_attested_keys(names: Iterable[str], issuer: IssuerMetadata) -> bool:
    """Whether somebody must vouch for the keys of one of the configurations ``names``."""
    known = issuer.credential_configurations_supported
    return any(known[name].wants_attested_keys for name in names)


def wanted_of(names: Iterable[str], issuer: IssuerMetadata) -> dict[str, Wanted]:
    """What each of the configurations ``names`` gives; all of them must be ours to hold.

    A record that is offered in several formats is taken in the one that this wallet prefers.
    """
    wanted: dict[str, Wanted] = {}
    for name in names:
        configuration = issuer.credential_configurations_supported.get(name)
        if configuration is None or configuration.format not in FORMATS_TAKEN:
            raise ServiceError("wallet.offer_unsupported", f"{name} is not of a known format")
        methods = configuration.cryptographic_binding_methods_supported
        if not proof_types(configuration) or (methods and JWK not in methods):
            raise ServiceError("wallet.offer_unsupported", f"{name} is not bound to a key")
        try:
            wanted[name] = Wanted(
                definition_for_vct(configuration.record_type or ""), configuration.format
            )
        except RecordError as error:
            raise ServiceError(
                "wallet.offer_unsupported", f"{name} is not a known record type"
            ) from error
    best = {
        min(
            (name for name, other in wanted.items() if other.definition is entry.definition),
            key=lambda name: FORMATS_TAKEN.index(wanted[name].format),
        )
        for entry in wanted.values()
    }
    return {name: entry for name, entry in wanted.items() if name in best}
