"""Every operation for wallets and for everybody, by its address.

A test compares it with the routes that are served. What is *not* here: behaviour.
"""

from __future__ import annotations

from typing import Final

from healthpassport.status import cwt
from healthpassport.status.token_status_list import MEDIA_TYPE as STATUS_JWT
from issuer.api.cards import REQUEST_TYPE, STATUS_PATH
from issuer.api.publication import LD_JSON
from issuer.api.status_lists import CREDENTIAL_TYPE
from issuer.api.systems.describing import area
from issuer.service.authorizations import AUTHORIZE_PATH, PAR_PATH
from issuer.service.cards import ANSWER_PATH, REQUEST_PATH
from issuer.service.credentials import CREDENTIAL_PATH, NOTIFICATION_PATH
from issuer.service.deferring import DEFERRED_PATH
from issuer.service.grants import DEVICE_PATH, TOKEN_PATH
from issuer.service.holding import COPIES_PATH, END_PATH, GRANT_PATH
from issuer.service.nonces import NONCE_PATH
from issuer.service.reports import REPORTS_PATH
from issuer.service.wallet_clients import CHALLENGE_PATH

from .operations import ANY, FORM, JSON, JWT, PROTOCOL, TEXT, Operation, Schema, Words, members

_LIMITED: Final = ("rate_limited",)
_ACCESS: Final = ("http.invalid", "forbidden", "rate_limited", *PROTOCOL, *area("report"))
_PUBLIC: Final = "Public"
_HOLDER: Final = "Holder"
_CARD: Final = "Emergency card"
_NUMBER: Final[Schema] = {"type": "integer"}
_YES: Final[Schema] = {"type": "boolean"}
_TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
_TOKEN: Final = members(
    ("access_token", "token_type", "expires_in"),
    access_token=TEXT,
    token_type={"type": "string", "enum": ["DPoP", "Bearer"]},
    expires_in=_NUMBER,
    refresh_token=TEXT,
    scope=TEXT,
)
_ASKED: Final = members(
    (),
    credential_identifier=TEXT,
    credential_configuration_id=TEXT,
    proofs=ANY,
    credential_response_encryption=ANY,
)
_GIVEN: Final = members(
    ("credentials",),
    credentials={"type": "array", "items": ANY},
    notification_id=TEXT,
    c_nonce=TEXT,
)
_OFFER: Final = members(
    ("credential_issuer", "credential_configuration_ids", "grants"),
    credential_issuer=TEXT,
    credential_configuration_ids=_TEXTS,
    grants=ANY,
)
_LATER: Final = members(("transaction_id", "interval"), transaction_id=TEXT, interval=_NUMBER)
_REPORT: Final = members(("id", "record_type", "state"), id=TEXT, record_type=TEXT, state=TEXT)
_REPORTS: Final = members(
    ("key", "reports"),
    key={"type": ["object", "null"]},
    reports={"type": "array", "items": _REPORT},
)
_RECORDS: Final = {
    200: {JSON: _GIVEN, JWT: TEXT},
    202: {JSON: _LATER, JWT: TEXT},
}
_LISTS: Final = {200: {JSON: members(("status_lists",), status_lists=_TEXTS)}}
_OLD: Final = area("status")

METADATA: Final = (
    Operation(
        "get",
        "/.well-known/openid-credential-issuer",
        "issuerMetadata",
        "The issuer's metadata, plain or signed (OpenID4VCI 1.0 section 12.2)",
        {200: {JSON: ANY, JWT: TEXT}},
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/.well-known/oauth-authorization-server",
        "serverMetadata",
        "The authorization server's metadata (RFC 8414)",
        {200: {JSON: ANY}},
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/.well-known/jwt-vc-issuer",
        "keySet",
        "The issuer's keys (SD-JWT VC section 5)",
        {200: {JSON: members(("issuer", "jwks"), issuer=TEXT, jwks=ANY)}},
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/.well-known/did.json",
        "didDocument",
        "The issuer's DID document; with a path in its address, at <path>/did.json",
        {200: {JSON: ANY}},
        codes=("not_found",),
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/vct/{record_type}/1",
        "typeMetadata",
        "Type metadata of a record type (SD-JWT VC)",
        {200: {JSON: ANY}},
        codes=("not_found",),
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/contexts/{record_type}/1",
        "context",
        "JSON-LD context of a record type",
        {200: {LD_JSON: ANY}},
        codes=("not_found",),
        tag=_PUBLIC,
    ),
)
STATUS: Final = (
    Operation(
        "get", "/status", "statusLists", "The addresses of every status list", _LISTS, tag=_PUBLIC
    ),
    Operation(
        "get",
        "/status/bitstring",
        "bitstringLists",
        "The addresses of the bitstring status lists",
        _LISTS,
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/status/{number}",
        "statusList",
        "A token status list, as JWT or, for who asks for it alone, CWT",
        {200: {STATUS_JWT: TEXT, cwt.MEDIA_TYPE: TEXT}, 304: {}},
        codes=("not_found", *_OLD),
        tag=_PUBLIC,
    ),
    Operation(
        "get",
        "/status/bitstring/{number}",
        "bitstringList",
        "A bitstring status list as a signed credential",
        {200: {CREDENTIAL_TYPE: TEXT}, 304: {}},
        codes=("not_found", *_OLD),
        tag=_PUBLIC,
    ),
)
BEFORE: Final = (
    Operation(
        "get",
        "/credential-offers/{address}",
        "credentialOffer",
        "A credential offer by reference (section 4.1.3)",
        {200: {JSON: _OFFER}},
        codes=("not_found", *_LIMITED),
    ),
    Operation(
        "post",
        TOKEN_PATH,
        "token",
        "Code and PIN, an authorization code or a refresh token become a token (section 6)",
        {200: {JSON: _TOKEN}},
        words=Words.OAUTH,
        body={
            FORM: members(
                ("grant_type",),
                grant_type=TEXT,
                tx_code=TEXT,
                code=TEXT,
                refresh_token=TEXT,
                client_id=TEXT,
                redirect_uri=TEXT,
                code_verifier=TEXT,
            )
        },
        codes=(*_LIMITED, "not_found", *PROTOCOL),
        has_proof=True,
    ),
    Operation(
        "post",
        NONCE_PATH,
        "nonce",
        "A fresh nonce for key proofs (section 7)",
        {200: {JSON: members(("c_nonce",), c_nonce=TEXT)}},
        words=Words.OAUTH,
        codes=_LIMITED,
    ),
    Operation(
        "post",
        CHALLENGE_PATH,
        "challenge",
        "A fresh challenge for attestations of wallets, where they are asked for",
        {200: {JSON: members(("attestation_challenge",), attestation_challenge=TEXT)}},
        words=Words.OAUTH,
        codes=_LIMITED,
    ),
    Operation(
        "post",
        PAR_PATH,
        "push",
        "A pushed authorization request (RFC 9126), where patients sign in",
        {201: {JSON: members(("request_uri", "expires_in"), request_uri=TEXT, expires_in=_NUMBER)}},
        words=Words.OAUTH,
        body={
            FORM: members(
                ("response_type", "client_id"),
                response_type=TEXT,
                client_id=TEXT,
                redirect_uri=TEXT,
                scope=TEXT,
                state=TEXT,
                issuer_state=TEXT,
                code_challenge=TEXT,
                code_challenge_method=TEXT,
            )
        },
        codes=(*_LIMITED, "not_found", *PROTOCOL),
        has_proof=True,
    ),
    Operation(
        "get",
        AUTHORIZE_PATH,
        "authorize",
        "Where the browser begins (RFC 9126 section 4); all behind it are pages for the patient",
        {303: {}},
        words=Words.PAGE,
        query=("client_id", "request_uri"),
        codes=(*_LIMITED, "not_found", *area("patient", "oid4vci")),
    ),
)
RECORDS: Final = (
    Operation(
        "post",
        CREDENTIAL_PATH,
        "credential",
        "Key proofs become copies of one record (section 8)",
        _RECORDS,
        words=Words.RESOURCE,
        body={JSON: _ASKED, JWT: TEXT},
        codes=_ACCESS,
        has_access=True,
    ),
    Operation(
        "post",
        DEFERRED_PATH,
        "deferredCredential",
        "What was put off, once it is there (section 9)",
        _RECORDS,
        words=Words.RESOURCE,
        body={JSON: members(("transaction_id",), transaction_id=TEXT), JWT: TEXT},
        codes=_ACCESS,
        has_access=True,
    ),
    Operation(
        "post",
        NOTIFICATION_PATH,
        "notification",
        "What became of the copies (section 11)",
        {204: {}},
        words=Words.RESOURCE,
        body={
            JSON: members(("notification_id", "event"), notification_id=TEXT, event=TEXT),
        },
        codes=_ACCESS,
        has_access=True,
    ),
)
HOLDER: Final = (
    Operation(
        "post",
        DEVICE_PATH,
        "moveGrant",
        "Move a grant to a new device",
        {200: {JSON: _TOKEN}},
        words=Words.OAUTH,
        body={JSON: members(("refresh_token", "proof"), refresh_token=TEXT, proof=TEXT)},
        codes=_ACCESS,
        tag=_HOLDER,
        has_proof=True,
    ),
    Operation(
        "get",
        GRANT_PATH,
        "grant",
        "Whether records can be read again, and which there are now",
        {200: {JSON: members(("source", "records"), source=_YES, records=_TEXTS)}},
        words=Words.RESOURCE,
        codes=_ACCESS,
        tag=_HOLDER,
        has_access=True,
    ),
    Operation(
        "post",
        COPIES_PATH,
        "withdrawCopies",
        "Withdraw single copies",
        {200: {JSON: members(("withdrawn",), withdrawn=_NUMBER)}},
        words=Words.RESOURCE,
        body={JSON: members(("copies",), copies={"type": "array", "items": ANY})},
        codes=_ACCESS,
        tag=_HOLDER,
        has_access=True,
    ),
    Operation(
        "post",
        END_PATH,
        "endGrant",
        "End the grant and withdraw every copy",
        {204: {}},
        words=Words.RESOURCE,
        codes=_ACCESS,
        tag=_HOLDER,
        has_access=True,
    ),
    Operation(
        "post",
        REPORTS_PATH,
        "report",
        "Say that something in a record is wrong, sealed for the practice",
        {201: {JSON: _REPORT}},
        words=Words.RESOURCE,
        body={JSON: ANY},
        codes=_ACCESS,
        tag=_HOLDER,
        has_access=True,
    ),
    Operation(
        "get",
        REPORTS_PATH,
        "reports",
        "What became of the holder's reports, and the key to seal new ones for",
        {200: {JSON: _REPORTS}},
        words=Words.RESOURCE,
        codes=_ACCESS,
        tag=_HOLDER,
        has_access=True,
    ),
)
CARDS: Final = (
    Operation(
        "post",
        REQUEST_PATH,
        "cardRequest",
        "The issuer's request for its own records (OpenID4VP 1.0 section 5.10)",
        {200: {REQUEST_TYPE: TEXT}},
        body={FORM: members((), wallet_nonce=TEXT)},
        codes=(*_LIMITED, "oid4vci.invalid_request", *area("card")),
        tag=_CARD,
    ),
    Operation(
        "post",
        ANSWER_PATH,
        "cardAnswer",
        "The wallet's answer; the offer of its card (OpenID4VP 1.0 section 8.2)",
        {200: {JSON: members((), credential_offer=ANY)}},
        body={FORM: members(("response",), response=TEXT)},
        codes=(*_LIMITED, *area("card", "vp", "jwe", "jws", "dcql", "sdjwt", "b64", "record")),
        tag=_CARD,
    ),
    Operation(
        "post",
        STATUS_PATH,
        "cardStatus",
        "The end of a card, by whoever holds its secret",
        {204: {}},
        body={JSON: members(("notification_id", "status"), notification_id=TEXT, status=TEXT)},
        codes=(*_LIMITED, *area("card")),
        tag=_CARD,
    ),
)
HEALTH: Final = tuple(
    Operation(
        "get",
        path,
        name,
        says,
        {200: {JSON: members(("status",), status=TEXT)}},
        codes=codes,
        tag="Health",
    )
    for path, name, says, codes in (
        ("/health", "health", "Whether the issuer answers", ()),
        ("/healthz", "healthz", "Whether the process answers", ()),
        ("/readyz", "readyz", "Whether it could issue a record now", area("issuer", "keys")),
    )
)
OPERATIONS: Final = (*METADATA, *STATUS, *BEFORE, *RECORDS, *HOLDER, *CARDS, *HEALTH)
