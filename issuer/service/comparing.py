"""Whether a record says the same as when it was read before (docs/adr/0082).

A digest of what it says stands beside the offer that it was collected with. Rules: keyed with a
secret that lies in the sealed reference to the source, which only the wallet's token opens, so that
whoever has the database cannot try out what somebody's allergies are; the day of reading is no part
of it, everything else is, also that a patient disputes it. Where nothing is known a record has
changed. What is *not* here: what a change means for older copies (``refreshing``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Final

from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from issuer.settings import Settings

from .configurations import configurations
from .disputes import is_disputed
from .sources import SourceReference

_READING: Final = "asOf"  # the member that differs at each reading


def digests(
    settings: Settings,
    reference: SourceReference | None,
    payloads: Mapping[str, bytes],
    *,
    disputed: Collection[str] = (),
) -> dict[str, str]:
    """A digest of what is in ``payloads``, by configuration; none without a ``reference``.

    Args:
        settings: of the issuer: which formats a record type is offered in.
        reference: where the records were read, with the key of their digests.
        payloads: wire objects in JSON, by record type.
        disputed: the types that a patient says are wrong.
    """
    if reference is None or not reference.key:
        return {}
    found = {
        name: _digest(reference.key, name, payload, disputed=is_disputed(name, disputed))
        for name, payload in payloads.items()
    }
    return {
        name: found[one.definition.type]
        for name, one in configurations(settings).items()
        if one.definition.type in found
    }


def says_the_same(one: str | None, other: str | None) -> bool:
    """Whether two digests are of records that say the same; never where one is unknown."""
    return one is not None and other is not None and hmac.compare_digest(one, other)


def _digest(key: str, name: str, payload: bytes, *, disputed: bool) -> str:
    told = {k: value for k, value in parse_json_object(payload).items() if k != _READING}
    body = dump_json({"type": name, "disputed": disputed, "record": told})
    return b64url_encode(hmac.digest(key.encode(), body, hashlib.sha256))
