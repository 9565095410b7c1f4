"""ecdsa-rdfc-2019: one P-256 or P-384 signature over the canonical statements (RDFC-1.0).

vc-di-ecdsa 1.0 section 3.2. What is *not* here: how documents become octets (``hashing``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.formats.data_integrity.cryptosuites import one_signature
from healthpassport.formats.data_integrity.cryptosuites.values import Cryptosuite

SUITE: Final = Cryptosuite(
    name="ecdsa-rdfc-2019",
    key_algorithms=frozenset({"ES256", "ES384"}),  # section 2.1.1
    make=one_signature.make_rdfc,
    check=one_signature.check_rdfc,
)
