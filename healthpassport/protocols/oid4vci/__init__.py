"""OpenID for Verifiable Credential Issuance 1.0 Final: messages and checks, without any HTTP.

The profile: pre-authorised code with a transaction code, authorization code with pushed requests
and wallet attestation, refresh tokens, DPoP-bound tokens (RFC 9449), key proofs of type ``jwt`` in
batch and key attestations, encrypted requests and responses, deferred issuance. What is *not* here:
proofs of type ``di_vp``.
"""

from __future__ import annotations

from healthpassport.protocols.oid4vci.attestations import AttestationPolicy, verify_key_attestation
from healthpassport.protocols.oid4vci.authorization import (
    PushedRequest,
    answer_url,
    parse_pushed_request,
    parse_pushed_response,
    request_uri,
    secret_of,
)
from healthpassport.protocols.oid4vci.credentials import (
    ATTESTATION,
    CredentialRequest,
    CredentialResponse,
    DeferredRequest,
    DeferredResponse,
    NotificationEvent,
    NotificationRequest,
    parse_any_credential_response,
    parse_credential_request,
    parse_credential_response,
    parse_deferred_request,
    parse_notification,
)
from healthpassport.protocols.oid4vci.dpop import (
    DpopProof,
    make_dpop_proof,
    verify_dpop_proof,
    verify_new_key_proof,
)
from healthpassport.protocols.oid4vci.encryption import (
    ResponseEncryption,
    decrypted_request,
    encrypted_response,
)
from healthpassport.protocols.oid4vci.metadata import (
    AuthorizationServerMetadata,
    CredentialConfiguration,
    IssuerMetadata,
    parse_authorization_server_metadata,
    parse_issuer_metadata,
    well_known_url,
)
from healthpassport.protocols.oid4vci.offers import (
    PRE_AUTHORIZED_CODE_GRANT,
    CredentialOffer,
    SignInOffer,
    TxCode,
    make_offer,
    make_sign_in_offer,
    offer_link,
    parse_any_offer,
    parse_offer,
    parse_offer_link,
)
from healthpassport.protocols.oid4vci.proofs import (
    KeyProof,
    make_key_proof,
    verify_attestation_proof,
    verify_key_proofs,
)
from healthpassport.protocols.oid4vci.refusals import oauth_error
from healthpassport.protocols.oid4vci.tokens import (
    AUTHORIZATION_CODE_GRANT,
    REFRESH_GRANT,
    AuthorizationDetail,
    CodeRequest,
    RefreshRequest,
    TokenRequest,
    TokenResponse,
    parse_token_request,
    parse_token_response,
)
from healthpassport.protocols.oid4vci.wallet_attestation import (
    AttestedClient,
    TrustedProviders,
    make_attestation,
    make_attestation_pop,
    read_providers,
    verify_attestation,
)

__all__ = [
    "ATTESTATION",
    "AUTHORIZATION_CODE_GRANT",
    "PRE_AUTHORIZED_CODE_GRANT",
    "REFRESH_GRANT",
    "AttestationPolicy",
    "AttestedClient",
    "AuthorizationDetail",
    "AuthorizationServerMetadata",
    "CodeRequest",
    "CredentialConfiguration",
    "CredentialOffer",
    "CredentialRequest",
    "CredentialResponse",
    "DeferredRequest",
    "DeferredResponse",
    "DpopProof",
    "IssuerMetadata",
    "KeyProof",
    "NotificationEvent",
    "NotificationRequest",
    "PushedRequest",
    "RefreshRequest",
    "ResponseEncryption",
    "SignInOffer",
    "TokenRequest",
    "TokenResponse",
    "TrustedProviders",
    "TxCode",
    "answer_url",
    "decrypted_request",
    "encrypted_response",
    "make_attestation",
    "make_attestation_pop",
    "make_dpop_proof",
    "make_key_proof",
    "make_offer",
    "make_sign_in_offer",
    "oauth_error",
    "offer_link",
    "parse_any_credential_response",
    "parse_any_offer",
    "parse_authorization_server_metadata",
    "parse_credential_request",
    "parse_credential_response",
    "parse_deferred_request",
    "parse_issuer_metadata",
    "parse_notification",
    "parse_offer",
    "parse_offer_link",
    "parse_pushed_request",
    "parse_pushed_response",
    "parse_token_request",
    "parse_token_response",
    "read_providers",
    "request_uri",
    "secret_of",
    "verify_attestation",
    "verify_attestation_proof",
    "verify_dpop_proof",
    "verify_key_attestation",
    "verify_key_proofs",
    "verify_new_key_proof",
    "well_known_url",
]
