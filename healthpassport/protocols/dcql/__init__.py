"""The Digital Credentials Query Language (OpenID4VP 1.0 sections 6 and 7).

``Query.parse`` reads a query strictly; ``match`` finds, for a wallet, which held records can answer
it and with which claims; ``check_answer`` finds, for a verifier, whether verified records answer
what was asked. What is *not* here: signatures, trust and status (a matching claim proves nothing).
"""

from healthpassport.protocols.dcql.answers import Answer, CheckedAnswer, check_answer
from healthpassport.protocols.dcql.matching import (
    ClaimsOption,
    CredentialMatch,
    HeldClaims,
    Selection,
    match,
)
from healthpassport.protocols.dcql.paths import Path, Place, covers, dotted, select, without
from healthpassport.protocols.dcql.query import (
    ClaimsQuery,
    CredentialQuery,
    CredentialSetQuery,
    Query,
    TrustedAuthority,
)

__all__ = [
    "Answer",
    "CheckedAnswer",
    "ClaimsOption",
    "ClaimsQuery",
    "CredentialMatch",
    "CredentialQuery",
    "CredentialSetQuery",
    "HeldClaims",
    "Path",
    "Place",
    "Query",
    "Selection",
    "TrustedAuthority",
    "check_answer",
    "covers",
    "dotted",
    "match",
    "select",
    "without",
]
