"""What an issuer says of itself to everybody: the metadata of issuer and authorization server.

What is *not* here: its keys (``identity``) and its status lists (``token_lists``).
"""

from __future__ import annotations

from healthpassport.encoding import Json
from healthpassport.languages import LANGUAGES
from healthpassport.protocols.oid4vci import (
    AUTHORIZATION_CODE_GRANT,
    PRE_AUTHORIZED_CODE_GRANT,
    REFRESH_GRANT,
    AuthorizationServerMetadata,
    IssuerMetadata,
    wallet_attestation,
)
from healthpassport.protocols.oid4vci import dpop as dpop_rules

from .configurations import configurations, described, described_card, scope_of
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
    attested_only = issuer.settings.wallet_attestation == "always"
    grants = [PRE_AUTHORIZED_CODE_GRANT, REFRESH_GRANT]
    if issuer.patients is not None:
        grants.append(AUTHORIZATION_CODE_GRANT)
    metadata = AuthorizationServerMetadata.model_validate(
        {
            "issuer": issuer.settings.iss,
            "token_endpoint": issuer.url("/token"),
            "grant_types_supported": grants,
            "dpop_signing_alg_values_supported": list(dpop_rules.ALGORITHMS),
            "pre-authorized_grant_anonymous_access_supported": not attested_only,
            **_sign_in_metadata(issuer),
            **_attestation_metadata(issuer, alone=attested_only),
        }
    )
    return metadata.wire()


def _sign_in_metadata(issuer: IssuerContext) -> dict[str, object]:
    """What is said of the authorization code flow; nothing where patients do not sign in."""
    if issuer.patients is None:
        return {}
    scopes = dict.fromkeys(map(scope_of, configurations(issuer.settings).values()))
    return {
        "authorization_endpoint": issuer.url("/authorize"),
        "pushed_authorization_request_endpoint": issuer.url("/par"),
        "require_pushed_authorization_requests": True,
        "scopes_supported": list(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "ui_locales_supported": list(LANGUAGES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": ["openid_credential"],
        "authorization_response_iss_parameter_supported": True,
    }


def _attestation_metadata(issuer: IssuerContext, *, alone: bool) -> dict[str, object]:
    """How wallets prove which they are (draft-07 section 10)."""
    if not issuer.wallets.attest:
        return {"token_endpoint_auth_methods_supported": ["none"]}
    algorithms = list(wallet_attestation.ALGORITHMS)
    found: dict[str, object] = {
        "token_endpoint_auth_methods_supported": [
            wallet_attestation.METHOD,
            *(() if alone else ("none",)),
        ],
        "client_attestation_signing_alg_values_supported": algorithms,
        "client_attestation_pop_signing_alg_values_supported": algorithms,
    }
    if issuer.settings.wallet_attestation_challenge:
        found["challenge_endpoint"] = issuer.url("/challenge")
    return found
