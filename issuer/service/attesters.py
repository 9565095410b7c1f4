"""Whom this issuer believes about how wallets keep their keys, and what it asks of them.

What is *not* here: checking an attestation (``healthpassport.protocols.oid4vci.attestations``).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from healthpassport.encoding import Json
from healthpassport.protocols.oid4vci import ATTESTATION, AttestationPolicy
from healthpassport.protocols.oid4vci.proofs import ALGORITHMS
from issuer.settings import Settings

from .key_schedule import chain_in


def attestation_policy(settings: Settings) -> AttestationPolicy | None:
    """What ``settings`` ask of key attestations, None where they look at none.

    Raises:
        SettingsError: ``issuer.certificate`` where the file of the attesters cannot be read.
    """
    if settings.key_attesters is None:
        return None
    return AttestationPolicy(
        anchors=_anchors(settings.key_attesters),
        required=settings.key_attestation_required,
        key_storage=settings.key_storage,
        user_authentication=settings.key_user_authentication,
    )


def proof_types(settings: Settings) -> dict[str, Json]:
    """``proof_types_supported`` of the metadata (section 12.2.4, HAIP 1.0 section 4.5.1)."""
    policy, plain = attestation_policy(settings), {"proof_signing_alg_values_supported": ALGORITHMS}
    asked: dict[str, Json] = {name: list(values) for name, values in plain.items()}
    if policy is None:
        return {"jwt": asked}
    attested: dict[str, Json] = {**asked, "key_attestations_required": policy.wire()}
    return {"jwt": attested if policy.required else asked, ATTESTATION: attested}


@lru_cache(maxsize=8)  # read at the first use, as all settings are; a new file takes a restart
def _anchors(path: Path) -> tuple[bytes, ...]:
    return chain_in(path)
