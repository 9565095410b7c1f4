"""The digests of the desks' API keys, as a file holds them; the keys themselves are nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from verifier.settings import VerifierSettings

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
