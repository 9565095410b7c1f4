"""``dc+sd-jwt``: SD-JWT-based Verifiable Digital Credentials (draft-ietf-oauth-sd-jwt-vc-19).

An issuer calls ``issue``; a wallet ``read_held`` at receipt, ``open_held`` from its vault,
``tree``, ``select`` and ``present``; a verifier ``parse`` and ``verify``. What is *not* here: which
issuer's key to trust, and type metadata from the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json
from healthpassport.formats.sd_jwt import ParsedSdJwt, parse
from healthpassport.formats.sd_jwt_vc.holding import (
    Held,
    HeldClaim,
    narrow,
    open_held,
    present,
    read_held,
    select,
    tree,
)
from healthpassport.formats.sd_jwt_vc.issuing import DEFAULT_DECOYS, issue
from healthpassport.formats.sd_jwt_vc.verifying import verify
from healthpassport.formats.values import Place

__all__ = [
    "DEFAULT_DECOYS",
    "ROOT",
    "Held",
    "HeldClaim",
    "ParsedSdJwt",
    "issue",
    "narrow",
    "open_held",
    "parse",
    "present",
    "read_held",
    "record",
    "select",
    "tree",
    "verify",
]

ROOT: Final[Place] = ()  # the claims of the record stand beside those of the format


def record(claims: Mapping[str, Json]) -> Mapping[str, Json]:
    """The record in ``claims``; what the format adds is passed over by who reads it."""
    return claims
