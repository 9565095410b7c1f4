"""CRYPTOSUITES: every Data Integrity cryptosuite that this project can check, on one screen.

A suite that stands here is *supported*; which of them a verifier *allows* is an argument, and a
proof never chooses. ``DEFAULT_ALLOWED`` leaves out what is experimental. What is *not* here:
optional features of bbs-2023 (anonymous holder binding, pseudonyms), which are at risk in its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites import (
    bbs_2023,
    ecdsa_jcs_2019,
    ecdsa_rdfc_2019,
    ecdsa_sd_2023,
    eddsa_jcs_2022,
    eddsa_rdfc_2022,
)
from healthpassport.formats.data_integrity.cryptosuites.values import Cryptosuite

CRYPTOSUITES: Final[Mapping[str, Cryptosuite]] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            ecdsa_sd_2023.SUITE,  # vc-di-ecdsa 1.0 section 3.6
            ecdsa_rdfc_2019.SUITE,  # vc-di-ecdsa 1.0 section 3.2
            ecdsa_jcs_2019.SUITE,  # vc-di-ecdsa 1.0 section 3.3
            eddsa_rdfc_2022.SUITE,  # vc-di-eddsa 1.0 section 3.2
            eddsa_jcs_2022.SUITE,  # vc-di-eddsa 1.0 section 3.3
            bbs_2023.SUITE,  # vc-di-bbs 1.0 section 3.4, a Candidate Recommendation
        )
    }
)

DEFAULT_ALLOWED: Final = frozenset(
    name for name, suite in CRYPTOSUITES.items() if not suite.experimental
)


def suite_named(name: str, *, key_algorithm: str) -> Cryptosuite:
    """The suite called ``name``, for a key of ``key_algorithm``.

    Raises:
        CredentialError: ``di.cryptosuite`` where there is none, or where it takes other keys.
    """
    suite = CRYPTOSUITES.get(name)
    if suite is None:
        raise CredentialError("di.cryptosuite", "it is not in the table")
    if key_algorithm not in suite.key_algorithms:
        raise CredentialError("di.cryptosuite", "the key does not belong to it")
    return suite
