"""Which desk is calling: API keys, of which only digests are kept.

What is *not* here: wallets, which need no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Depends, Request

from healthpassport.errors import ServiceError
from verifier.service import Desk

MAX_KEY: Final = 256  # characters


def calling_desk(request: Request) -> str:
    """The name of the desk whose key came along; ``http.unauthorized`` without a good one."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not 0 < len(key) <= MAX_KEY:
        raise ServiceError("http.unauthorized")
    digest = hashlib.sha256(key.encode()).hexdigest()
    keys: Mapping[str, str] = request.app.state.api_keys
    # Every digest is compared, so that the time says nothing about which was near.
    found = [name for name, known in keys.items() if compare_digest(known, digest)]
    if not found:
        raise ServiceError("http.unauthorized")
    return found[0]


def serving_desk(request: Request) -> Desk:
    """The service behind this application."""
    desk: Desk = request.app.state.desk
    return desk


CallingDesk = Annotated[str, Depends(calling_desk)]
Service = Annotated[Desk, Depends(serving_desk)]
