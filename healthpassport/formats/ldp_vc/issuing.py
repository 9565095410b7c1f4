"""Issuing a record as a W3C credential with a Data Integrity proof.

What is *not* here: what a record holds and which of it can be withheld; both arrive from
``healthpassport.summary``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json, dump_text
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity import (
    ASSERTION,
    CRYPTOSUITES,
    DEFAULT_ALLOWED,
    add_proof,
)
from healthpassport.formats.data_integrity.cryptosuites.values import ProofSigner
from healthpassport.formats.ldp_vc.document import (
    always_shown,
    record_contexts,
    to_document,
)
from healthpassport.formats.ldp_vc.identifiers import did_key, did_web, issuer_method
from healthpassport.formats.values import ClaimPath, Randomness
from healthpassport.formats.vcdm import check_credential
from healthpassport.keys.public import PublicKey, read_public_key
from healthpassport.keys.signer import Signer

# The suite for each kind of key. Only those of P-256 and BLS12-381 let a holder withhold anything.
SUITES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ES256": "ecdsa-sd-2023",
        "ES384": "ecdsa-rdfc-2019",
        "EdDSA": "eddsa-rdfc-2022",
        "BBS": "bbs-2023",
    }
)
# What wallet and desk take, and what requests name (OpenID4VP 1.0 appendix B.1.3.2.3).
TAKEN: Final = frozenset(SUITES.values()) & DEFAULT_ALLOWED


def issue(
    *,
    payload: Mapping[str, Json],
    disclosable: Iterable[ClaimPath],
    signer: ProofSigner,
    iss: str,
    holder_jwk: PublicKey | Mapping[str, Json] | None,
    issued_at: datetime,
    expires_at: datetime,
    salts: Randomness,
    x5c: Sequence[bytes] = (),  # noqa: ARG001 - the trust list alone says whose key it is
    status: Mapping[str, Json] | None = None,
    second_signer: Signer | None = None,
    cryptosuite: str | None = None,
) -> str:
    """A signed record as JSON text.

    Args:
        payload: the record in plain form, with ``vct``.
        disclosable: what a holder may withhold; None in a path is every array element.
        signer: the issuer's key.
        iss: the issuer's https address, whose did:web is the issuer.
        holder_jwk: the public key of the wallet, read or not, or None to bind it to nobody.
        issued_at: goes out in whole seconds, also as the time of the proof.
        expires_at: goes out in whole seconds.
        salts: a source of cryptographic randomness.
        x5c: not used in this format.
        status: ``{"credentialStatus": [...]}`` (Bitstring Status List 1.0 section 2.1).
        second_signer: None: this format carries one signature.
        cryptosuite: one that fits the key; the one of ``SUITES`` without.

    Raises:
        RecordError: ``record.type_unknown``.
        DidError: ``did.invalid`` for an address that no did:web can stand for.
        CredentialError: ``pq.format`` for a second signer; what data model and suite refuse.
    """
    if second_signer is not None:
        raise CredentialError("pq.format")
    issuer = did_web(iss)
    name = cryptosuite or SUITES[signer.public_key.algorithm]
    document = to_document(
        payload,
        issuer=issuer,
        holder=None if holder_jwk is None else did_key(read_public_key(holder_jwk)),
        issued_at=issued_at,
        expires_at=expires_at,
        status=status,
    )
    check_credential(document, now=None)
    selective = CRYPTOSUITES[name].selective is not None
    secured = add_proof(
        document,
        cryptosuite=name,
        signer=signer,
        verification_method=issuer_method(issuer, signer.public_key),
        purpose=ASSERTION,
        created=issued_at,
        contexts=record_contexts(),
        randomness=salts,
        mandatory_pointers=always_shown(document, disclosable) if selective else (),
    )
    return dump_text(secured)
