"""What an issuer says of itself to everybody: the metadata of issuer and authorization server.

What is *not* here: its keys (``identity``) and its status lists (``token_lists``).
"""

from __future__ import annotations

from healthpassport.encoding import Json
from healthpassport.protocols.oid4vci import (
    PRE_AUTHORIZED_CODE_GRANT,
    REFRESH_GRANT,
    AuthorizationServerMetadata,
    IssuerMetadata,
)
from healthpassport.protocols.oid4vci import dpop as dpop_rules

from .configurations import configurations, described, described_card
from .context import IssuerContext
from .encryption import encryption_metadata


def issuer_metadata(issuer: IssuerContext) -> dict[str, Json]:
    """OpenID4VCI 1.0 section 12.2.4."""
    offered = configurations(issuer.settings).items()
    return IssuerMetadata.model_validate(
        {
            "credential_issuer": issuer.settings.iss,
            "credential_endpoint": issuer.url("/credential"),
            "nonce_endpoint": issuer.url("/nonce"),
            "deferred_credential_endpoint": issuer.url("/deferred_credential"),
            "notification_endpoint": issuer.url("/notification"),
            **encryption_metadata(issuer),
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
