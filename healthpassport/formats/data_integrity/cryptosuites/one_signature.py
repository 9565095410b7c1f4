"""The four suites whose proof is one signature over two hashes: making and checking it.

vc-di-eddsa 1.0 sections 3.2 and 3.3, vc-di-ecdsa 1.0 sections 3.2 and 3.3. They differ in how the
document becomes octets and in the keys they take. What is *not* here: names and keys of the suites.
"""

from __future__ import annotations

from collections.abc import Sequence

from healthpassport import multibase, suites
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError, EncodingError, JoseError
from healthpassport.formats.data_integrity.cryptosuites.hashing import (
    HASH_OF_KEY,
    jcs_hash_data,
    rdfc_hash_data,
)
from healthpassport.formats.data_integrity.cryptosuites.values import Checking, Making
from healthpassport.keys import PublicKey


def make_rdfc(making: Making) -> str:
    """The proof value over the canonical statements (sections 3.2.1 steps 2 to 6)."""
    algorithm = HASH_OF_KEY[making.signer.public_key.algorithm]
    return _sign(
        making,
        rdfc_hash_data(
            making.document, making.options, contexts=making.contexts, algorithm=algorithm
        ),
    )


def check_rdfc(checking: Checking) -> None:
    """Section 3.2.2 (Verify Proof).

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``; and what the canonical form refuses.
    """
    signature = _signature(checking.value)  # step 3
    algorithm = HASH_OF_KEY[checking.key.algorithm]
    hash_data = rdfc_hash_data(  # steps 4 to 6
        checking.document, checking.options, contexts=checking.contexts, algorithm=algorithm
    )
    check_signature(checking.key, signature, hash_data)  # step 7


def make_jcs(making: Making) -> str:
    """The proof value over the canonical JSON (section 3.3.1 steps 3 to 7)."""
    algorithm = HASH_OF_KEY[making.signer.public_key.algorithm]
    return _sign(making, jcs_hash_data(making.document, making.options, algorithm=algorithm))


def check_jcs(checking: Checking) -> None:
    """Section 3.3.2 (Verify Proof).

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``, ``PROOF_VERIFICATION_ERROR`` where
            the document's context does not begin with that of the proof.
    """
    signature = _signature(checking.value)  # step 3
    document = with_signed_context(checking.document, checking.options)  # step 4
    algorithm = HASH_OF_KEY[checking.key.algorithm]
    hash_data = jcs_hash_data(document, checking.options, algorithm=algorithm)  # steps 5 to 7
    check_signature(checking.key, signature, hash_data)  # step 8


def with_signed_context(document: JsonObject, options: JsonObject) -> JsonObject:
    """``document`` with the @context that the proof signed (section 3.3.2 step 4)."""
    if "@context" not in options:
        return document
    signed = _entries(options["@context"])
    if _entries(document.get("@context"))[: len(signed)] != signed:
        raise CredentialError("PROOF_VERIFICATION_ERROR", "the context is not the one signed")
    return {**document, "@context": options["@context"]}


def check_signature(key: PublicKey, signature: bytes, message: bytes) -> None:
    """Refuse a signature that is not the key's over ``message`` as ``di.signature``."""
    try:
        suites.verify(key, key.algorithm, signature, message)
    except JoseError as error:
        raise CredentialError("di.signature", error.detail) from error


def sign(making: Making, message: bytes) -> bytes:
    """The signature over ``message`` by a signer of one message."""
    if not hasattr(making.signer, "sign"):
        raise CredentialError("PROOF_GENERATION_ERROR", "this suite needs another kind of key")
    return making.signer.sign(message)


def _sign(making: Making, hash_data: bytes) -> str:
    return multibase.encode_base58(sign(making, hash_data))


def _signature(value: str) -> bytes:
    """The octets of a base58btc proof value; the sections allow no other base."""
    if not value.startswith(multibase.BASE58):
        raise CredentialError("di.proof_value", "it is not base58btc")
    try:
        return multibase.decode(value)
    except EncodingError as error:
        raise CredentialError("di.proof_value", error.detail) from error


def _entries(context: Json) -> Sequence[Json]:
    if context is None:
        return []
    return context if isinstance(context, list) else [context]
