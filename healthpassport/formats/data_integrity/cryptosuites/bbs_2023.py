"""bbs-2023: one BBS signature over all statements; the holder proves some of them, unlinkably.

vc-di-bbs 1.0 (Candidate Recommendation) section 3.4, feature option "baseline". Experimental: never
in a default allow list. The curve's library is loaded by the first proof. What is *not* here:
anonymous holder binding and pseudonyms, which that text marks as at risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from healthpassport.errors import CredentialError, KeyMaterialError
from healthpassport.formats.data_integrity.cryptosuites import bbs_proof_value
from healthpassport.formats.data_integrity.cryptosuites.bbs_proof_value import (
    BaseProof,
    DerivedProof,
)
from healthpassport.formats.data_integrity.cryptosuites.hashing import rdfc_options_hash
from healthpassport.formats.data_integrity.cryptosuites.proof_value import HMAC_KEY_OCTETS
from healthpassport.formats.data_integrity.cryptosuites.statements import (
    check_counts,
    lines_at,
    places_of,
    received_statements,
    show,
    shuffled_labels,
    split,
    statements_of,
)
from healthpassport.formats.data_integrity.cryptosuites.values import (
    Checking,
    Cryptosuite,
    Derived,
    Deriving,
    Making,
    Selective,
)
from healthpassport.formats.values import Place


def make(making: Making) -> str:
    """The base proof (sections 3.4.1 to 3.4.5)."""
    hmac_key = making.randomness(HMAC_KEY_OCTETS)  # section 3.4.2 step 1
    statements = statements_of(making.document, making.contexts, shuffled_labels(hmac_key))
    mandatory = lines_at(statements, making.mandatory_pointers)
    mandatory_hash, others = split(statements.lines, mandatory)
    options_hash = rdfc_options_hash(making.document, making.options, contexts=making.contexts)
    header = options_hash + mandatory_hash  # section 3.4.5 step 2
    if not hasattr(making.signer, "sign_messages"):
        raise CredentialError("PROOF_GENERATION_ERROR", "this suite needs a BBS key")
    return bbs_proof_value.write_base(
        BaseProof(
            signature=making.signer.sign_messages(header, _messages(others), making.randomness),
            header=header,
            public_key=making.signer.public_key.raw,
            hmac_key=hmac_key,
            mandatory_pointers=making.mandatory_pointers,
        )
    )


def check_base(checking: Checking) -> None:
    """That a base proof is genuine, for the holder who was given it.

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``, ``di.pointer``.
    """
    from healthpassport.suites import bbs  # noqa: PLC0415 - loaded by the first proof

    proof = bbs_proof_value.read_base(checking.value)
    if proof.public_key != checking.key.raw:
        raise CredentialError("di.signature", "the proof names another key")
    labels = shuffled_labels(proof.hmac_key)
    statements = statements_of(checking.document, checking.contexts, labels)
    mandatory = lines_at(statements, proof.mandatory_pointers)
    mandatory_hash, others = split(statements.lines, mandatory)
    options_hash = rdfc_options_hash(
        checking.document, checking.options, contexts=checking.contexts
    )
    if proof.header != options_hash + mandatory_hash:
        raise CredentialError("di.signature", "the document is not the one signed")
    try:
        bbs.verify(checking.key.raw, proof.signature, proof.header, _messages(others))
    except (CredentialError, KeyMaterialError) as error:
        raise CredentialError("di.signature", error.detail) from error


def derive(deriving: Deriving) -> Derived:
    """What the holder shows, with its derived proof (sections 3.3.3 and 3.4.6)."""
    from healthpassport.suites import bbs  # noqa: PLC0415 - loaded by the first proof

    base = bbs_proof_value.read_base(deriving.value)
    labels = shuffled_labels(base.hmac_key)
    statements = statements_of(deriving.document, deriving.contexts, labels)
    shown = show(statements, base.mandatory_pointers, deriving.pointers)
    mandatory, selective = frozenset(shown.mandatory), frozenset(shown.selective)
    # Section 3.3.3 step 8: places among the lines that are not mandatory.
    signed = [line for line in range(len(statements.lines)) if line not in mandatory]
    indexes = tuple([place for place, line in enumerate(signed) if line in selective])
    proof = bbs.proof_gen(
        base.public_key,
        base.signature,
        base.header,
        deriving.presentation_header,
        _messages([statements.lines[line] for line in signed]),
        indexes,
        randomness=deriving.randomness,
    )
    value = bbs_proof_value.write_derived(
        DerivedProof(
            proof, shown.labels, shown.mandatory_indexes, indexes, deriving.presentation_header
        )
    )
    return Derived(shown.document, value)


def check(checking: Checking) -> frozenset[Place]:
    """Section 3.4.7 (Verify Derived Proof), with section 3.3.8.

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``.
    """
    from healthpassport.suites import bbs  # noqa: PLC0415 - loaded by the first proof

    proof = bbs_proof_value.read_derived(checking.value)
    expected = checking.presentation_header
    if expected is not None and expected != proof.presentation_header:
        raise CredentialError("di.signature", "the proof was made for another request")
    statements = received_statements(checking.document, checking.contexts, proof.labels)
    lines = statements.lines
    check_counts(lines, proof.mandatory_indexes, len(proof.selective_indexes))
    mandatory_hash, others = split(lines, proof.mandatory_indexes)
    options_hash = rdfc_options_hash(
        checking.document, checking.options, contexts=checking.contexts
    )
    disclosed = dict(zip(proof.selective_indexes, _messages(others), strict=True))
    try:
        bbs.proof_verify(
            checking.key.raw,
            proof.proof,
            options_hash + mandatory_hash,  # section 3.4.7 step 5
            proof.presentation_header,
            disclosed,
        )
    except (CredentialError, KeyMaterialError) as error:
        raise CredentialError("di.signature", error.detail) from error
    return places_of(statements, without=proof.mandatory_indexes)


def _messages(lines: Sequence[str]) -> list[bytes]:
    return [line.encode() for line in lines]


def always(value: str) -> tuple[str, ...]:
    """The mandatory pointers in a base proof.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    return bbs_proof_value.read_base(value).mandatory_pointers


SUITE: Final = Cryptosuite(
    name="bbs-2023",
    key_algorithms=frozenset({"BBS"}),
    make=make,
    check=check,
    selective=Selective(check_base=check_base, derive=derive, always=always),
    experimental=True,
)
