"""What an issuer publishes for everybody: status lists, metadata, types.

A status list is signed anew when an entry changed or when it grows old, so that a withdrawal can be
seen at the next look, whichever process made it. What is *not* here: its keys (``identity``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import (
    PRE_AUTHORIZED_CODE_GRANT,
    REFRESH_GRANT,
    AuthorizationServerMetadata,
    IssuerMetadata,
)
from healthpassport.protocols.oid4vci import dpop as dpop_rules
from healthpassport.status.token_status_list import build, sign
from issuer.store import statuses

from .configurations import configurations, described, described_card
from .context import IssuerContext, utc

STATUS_PATH: Final = "/status/"
STATUS_BITS: Final = 2  # valid, withdrawn, suspended, replaced


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list as it is served, the version of its entries, when it was signed."""

    text: str
    version: int
    issued_at: int
    fresh_until: int

    @property
    def etag(self) -> str:
        """A strong validator for exactly this text (RFC 9110 section 8.8.3)."""
        return f'"{b64url_encode(hashlib.sha256(self.text.encode()).digest())[:22]}"'


def list_uri(issuer: IssuerContext, number: int) -> str:
    """The address of status list ``number``."""
    return issuer.url(f"{STATUS_PATH}{number}")


def list_uris(issuer: IssuerContext) -> tuple[str, ...]:
    """The addresses of all status lists, for the trust list and for desks."""
    with issuer.store.reading() as tx:
        return tuple(list_uri(issuer, entry.number) for entry in statuses.lists(tx))


def published_list(issuer: IssuerContext, number: int) -> PublishedList:
    """Status list ``number`` as it stands now.

    Raises:
        ServiceError: ``not_found``, ``issuer.list_retired``.
    """
    now, ttl = issuer.now(), issuer.settings.status_ttl_seconds
    with issuer.store.reading() as tx:
        state = statuses.find(tx, number)
        if state is None or state.retired_at is not None:
            raise ServiceError("not_found" if state is None else "issuer.list_retired")
        held = issuer.published.get(number)
        if held is not None and held.version == state.version and now < held.fresh_until:
            return held
        marked = statuses.marked(tx, number)
    key = issuer.signing
    token = sign(
        build(bits=STATUS_BITS, size=state.size, entries=marked),
        uri=list_uri(issuer, number),
        issuer=issuer.settings.iss,
        signer=key.signer,
        issued_at=utc(now),
        expires_at=utc(now) + timedelta(hours=issuer.settings.status_hours),
        ttl=timedelta(seconds=ttl),
        x5c=key.x5c,
    )
    fresh = PublishedList(token, state.version, now, now + max(ttl // 2, 1))
    issuer.published[number] = fresh
    return fresh


def issuer_metadata(issuer: IssuerContext) -> dict[str, Json]:
    """OpenID4VCI 1.0 section 12.2.4."""
    offered = configurations(issuer.settings).items()
    return IssuerMetadata.model_validate(
        {
            "credential_issuer": issuer.settings.iss,
            "credential_endpoint": issuer.url("/credential"),
            "nonce_endpoint": issuer.url("/nonce"),
            "notification_endpoint": issuer.url("/notification"),
            "batch_credential_issuance": {"batch_size": issuer.settings.batch_size},
            "display": [{"name": issuer.settings.name, "locale": "en"}],
            "credential_configurations_supported": {
                **{name: described(issuer, configuration) for name, configuration in offered},
                **described_card(issuer),
            },
        }
    ).wire()


def server_metadata(issuer: IssuerContext) -> dict[str, Json]:
    """RFC 8414 section 2, with the lists of statuses (status list draft section 9.1)."""
    metadata = AuthorizationServerMetadata.model_validate(
        {
            "issuer": issuer.settings.iss,
            "token_endpoint": issuer.url("/token"),
            "grant_types_supported": [PRE_AUTHORIZED_CODE_GRANT, REFRESH_GRANT],
            "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": list(dpop_rules.ALGORITHMS),
            "pre-authorized_grant_anonymous_access_supported": True,
        }
    )
    return metadata.wire()
