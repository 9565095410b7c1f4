"""ecdsa-sd-2023: the issuer signs a key that signs each statement; the holder shows some of them.

vc-di-ecdsa 1.0 section 3.6. The base proof holds the key of the labels and every signature: it is
for the holder alone, and no verifier accepts it. What is *not* here: the form of proof values, and
how statements are found.
"""

from __future__ import annotations

from typing import Final

from healthpassport.formats.data_integrity.cryptosuites import (
    ecdsa_sd_proof_value,
    statement_key,
)
from healthpassport.formats.data_integrity.cryptosuites.ecdsa_sd_proof_value import (
    BaseProof,
    DerivedProof,
)
from healthpassport.formats.data_integrity.cryptosuites.hashing import rdfc_options_hash
from healthpassport.formats.data_integrity.cryptosuites.one_signature import check_signature, sign
from healthpassport.formats.data_integrity.cryptosuites.proof_value import HMAC_KEY_OCTETS, refuse
from healthpassport.formats.data_integrity.cryptosuites.statements import (
    check_counts,
    hmac_labels,
    lines_at,
    places_of,
    received_statements,
    show,
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
    """The base proof (sections 3.6.1 to 3.6.5)."""
    hmac_key = making.randomness(HMAC_KEY_OCTETS)  # section 3.6.2 step 1
    key = statement_key.new_statement_key(making.randomness)  # section 3.6.5 step 2
    statements = statements_of(making.document, making.contexts, hmac_labels(hmac_key))
    mandatory = lines_at(statements, making.mandatory_pointers)
    mandatory_hash, others = split(statements.lines, mandatory)
    options_hash = rdfc_options_hash(making.document, making.options, contexts=making.contexts)
    public = statement_key.public_octets(key)
    return ecdsa_sd_proof_value.write_base(
        BaseProof(
            base_signature=sign(making, options_hash + public + mandatory_hash),
            public_key=public,
            hmac_key=hmac_key,
            signatures=tuple(statement_key.sign_each(key, others)),
            mandatory_pointers=making.mandatory_pointers,
        )
    )


def check_base(checking: Checking) -> None:
    """That a base proof is genuine, for the holder who was given it.

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``, ``di.pointer``.
    """
    proof = ecdsa_sd_proof_value.read_base(checking.value)
    statements = statements_of(checking.document, checking.contexts, hmac_labels(proof.hmac_key))
    mandatory = lines_at(statements, proof.mandatory_pointers)
    mandatory_hash, others = split(statements.lines, mandatory)
    options_hash = rdfc_options_hash(
        checking.document, checking.options, contexts=checking.contexts
    )
    signed = options_hash + proof.public_key + mandatory_hash
    check_signature(checking.key, proof.base_signature, signed)
    statement_key.check_each(proof.public_key, proof.signatures, others)


def derive(deriving: Deriving) -> Derived:
    """What the holder shows, with its derived proof (sections 3.5.4 and 3.6.6)."""
    base = ecdsa_sd_proof_value.read_base(deriving.value)
    statements = statements_of(deriving.document, deriving.contexts, hmac_labels(base.hmac_key))
    shown = show(statements, base.mandatory_pointers, deriving.pointers)
    mandatory = frozenset(shown.mandatory)
    # Section 3.5.4 step 11: the signatures are those of the lines that are not mandatory, in order.
    signed = [line for line in range(len(statements.lines)) if line not in mandatory]
    if len(signed) != len(base.signatures):
        refuse("there are not as many signatures as statements")
    signature_of = dict(zip(signed, base.signatures, strict=True))
    value = ecdsa_sd_proof_value.write_derived(
        DerivedProof(
            base_signature=base.base_signature,
            public_key=base.public_key,
            signatures=tuple([signature_of[line] for line in shown.selective]),
            labels=shown.labels,
            mandatory_indexes=shown.mandatory_indexes,
        )
    )
    return Derived(shown.document, value)


def check(checking: Checking) -> frozenset[Place]:
    """Section 3.6.7 (Verify Derived Proof), with section 3.5.9.

    Raises:
        CredentialError: ``di.proof_value``, ``di.signature``.
    """
    proof = ecdsa_sd_proof_value.read_derived(checking.value)
    statements = received_statements(checking.document, checking.contexts, proof.labels)
    lines = statements.lines
    # Section 3.6.7 step 3.
    check_counts(lines, proof.mandatory_indexes, len(proof.signatures))
    mandatory_hash, others = split(lines, proof.mandatory_indexes)
    options_hash = rdfc_options_hash(
        checking.document, checking.options, contexts=checking.contexts
    )
    signed = options_hash + proof.public_key + mandatory_hash  # step 5
    check_signature(checking.key, proof.base_signature, signed)  # step 7
    statement_key.check_each(proof.public_key, proof.signatures, others)  # step 8
    return places_of(statements, without=proof.mandatory_indexes)


def always(value: str) -> tuple[str, ...]:
    """The mandatory pointers in a base proof.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    return ecdsa_sd_proof_value.read_base(value).mandatory_pointers


SUITE: Final = Cryptosuite(
    name="ecdsa-sd-2023",
    key_algorithms=frozenset({"ES256"}),  # section 3.5.8 step 4: signatures of 64 octets
    make=make,
    check=check,
    selective=Selective(check_base=check_base, derive=derive, always=always),
)
