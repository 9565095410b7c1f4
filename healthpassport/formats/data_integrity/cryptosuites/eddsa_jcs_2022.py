"""eddsa-jcs-2022: one Ed25519 signature over the canonical JSON (RFC 8785).

vc-di-eddsa 1.0 section 3.3. What is *not* here: how documents become octets (``hashing``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.formats.data_integrity.cryptosuites import one_signature
from healthpassport.formats.data_integrity.cryptosuites.values import Cryptosuite

SUITE: Final = Cryptosuite(
    name="eddsa-jcs-2022",
    key_algorithms=frozenset({"EdDSA"}),  # section 2.1.1
    make=one_signature.make_jcs,
    check=one_signature.check_jcs,
    context_in_proof=True,  # section 3.3.1 step 2
)
