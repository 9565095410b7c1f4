"""Which desk is calling: API keys, of which only digests are kept.

What is *not* here: wallets, which need no key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Depends, Request

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError
from verifier.service import Desk
from verifier.settings import VerifierSettings

MAX_KEY: Final = 256  # characters
MAX_FILE: Final = 1_048_576  # bytes, some 10,000 desks
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


def load_api_keys(settings: VerifierSettings) -> Mapping[str, str]:
    """The digest of each desk's key, by the desk's name; nobody may call without the file.

    Raises:
        SettingsError: ``verifier.setup`` for a file of another shape.
    """
    path = settings.api_keys_file
    if not path.exists():
        return {}
    try:
        rows = parse_json_object(path.read_bytes(), max_bytes=MAX_FILE)
    except (EncodingError, OSError) as error:
        raise SettingsError("verifier.setup", f"cannot read {path.name}") from error
    digests = {name: value for name, value in rows.items() if isinstance(value, str)}
    if len(digests) != len(rows) or not all(_DIGEST.match(d) for d in digests.values()):
        raise SettingsError("verifier.setup", f"{path.name} maps names to SHA-256 digests in hex")
    return digests


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
