"""From a document and its proof's options to the octets that are signed.

vc-di-eddsa 1.0 sections 3.2.3 to 3.2.5 and 3.3.3 to 3.3.5, vc-di-ecdsa 1.0 sections 3.2.3 to 3.2.5
and 3.3.3 to 3.3.5: the hash of the options, then the hash of the document. What is *not* here:
signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.canonical import Algorithm, Contexts, canonicalise, to_dataset
from healthpassport.encoding import Json, JsonObject, jcs
from healthpassport.errors import CredentialError

SHA256: Final[Algorithm] = "SHA-256"
# A curve goes with the hash of its strength (vc-di-ecdsa 1.0 section 3.2.4).
HASH_OF_KEY: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {"ES256": SHA256, "ES384": "SHA-384", "EdDSA": SHA256, "BBS": SHA256}
)
_NAMES: Final[Mapping[Algorithm, str]] = MappingProxyType({SHA256: "sha256", "SHA-384": "sha384"})


def digest(data: bytes, algorithm: Algorithm = SHA256) -> bytes:
    """The hash of ``data``."""
    return hashlib.new(_NAMES[algorithm], data).digest()


def rdfc_hash_data(
    document: JsonObject, options: JsonObject, *, contexts: Contexts, algorithm: Algorithm
) -> bytes:
    """What the -rdfc- suites sign."""
    canonical = canonicalise(to_dataset(document, contexts=contexts), algorithm=algorithm)
    return rdfc_options_hash(document, options, contexts=contexts, algorithm=algorithm) + digest(
        "".join(canonical.lines).encode(), algorithm
    )


def rdfc_options_hash(
    document: JsonObject, options: JsonObject, *, contexts: Contexts, algorithm: Algorithm = SHA256
) -> bytes:
    """The hash of the canonical proof options (section 3.2.5 steps 4 and 5, 3.2.4 step 2).

    They are read with the document's context. A context of their own would be replaced by it and
    so not be signed: only the same one may stand there.

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR`` for another context; and what the canonical
            form refuses.
    """
    context = document.get("@context")
    if "@context" in options and options["@context"] != context:
        raise CredentialError("PROOF_VERIFICATION_ERROR", "the proof has a context of its own")
    config: dict[str, Json] = {**options}
    if context is not None:
        config["@context"] = context
    canonical = canonicalise(to_dataset(config, contexts=contexts), algorithm=algorithm)
    return digest("".join(canonical.lines).encode(), algorithm)


def jcs_hash_data(document: JsonObject, options: JsonObject, *, algorithm: Algorithm) -> bytes:
    """What the -jcs- suites sign (sections 3.3.3 to 3.3.5)."""
    return digest(jcs(options), algorithm) + digest(jcs(document), algorithm)
