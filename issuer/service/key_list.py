"""Every key that an issuer signs with: which, since when, until when, and whether it is listed.

What is *not* here: changing any of it; a key is made (``signing_keys``), certified and listed by
the authority, and named in the settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from healthpassport.errors import SettingsError
from healthpassport.keys.x509 import read_certificate
from healthpassport.trust.model import TrustedKey, TrustList
from healthpassport.trust.reading import read_trust_list
from issuer.settings import Settings

from .key_schedule import SigningKey, key_at, open_keys

SOON: Final = timedelta(days=30)  # a certificate takes people's time to renew
LIST_AGE: Final = timedelta(days=7)  # of the copy of the trust list that is looked into


class Listed(StrEnum):
    """What the trust list makes of a key."""

    YES = "yes"
    NO = "no"
    ENDED = "ended"
    COMPROMISED = "compromised"
    UNKNOWN = "unknown"  # there is no copy of the list here


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key: what it does now, and until when its certificate and its entry are good.

    ``signs`` is ``now``, ``next`` or ``before``; ``since`` is when it began or will begin.
    """

    thumbprint: str
    algorithm: str
    signs: str
    since: datetime
    certificate_ends: datetime
    listed: Listed
    listed_until: datetime | None


def key_rows(settings: Settings, *, now: datetime) -> tuple[KeyRow, ...]:
    """The keys of ``settings`` in the order in which they sign.

    Raises:
        SettingsError, KeyMaterialError: as ``key_schedule.open_keys``.
        TrustError: where the copy of the trust list cannot be relied on.
    """
    keys, trust = open_keys(settings), _trust_list(settings, now)
    present = key_at(keys, now)
    rows = []
    for key in keys:
        entry, listed = _listed(settings, key, trust, now)
        later = key.signs_from is not None and key.signs_from > now
        rows.append(
            KeyRow(
                thumbprint=key.signer.public_key.thumbprint(),
                algorithm=key.signer.algorithm,
                signs="now" if key is present else "next" if later else "before",
                since=key.signs_from or key.certified_from,
                certificate_ends=_ends(key),
                listed=listed,
                listed_until=None if entry is None else entry.not_after,
            )
        )
    return tuple(rows)


def ends_soon(rows: tuple[KeyRow, ...], *, now: datetime) -> str | None:
    """Words for the key that signs now when its time is nearly up and no other follows."""
    row = next(row for row in rows if row.signs == "now")
    until = min(row.certificate_ends, row.listed_until or row.certificate_ends)
    if until - now >= SOON:
        return None
    following = [other for other in rows if other.signs == "next" and other.since < until]
    if following:
        return None
    said = f"the key that signs is good until {until:%Y-%m-%d}"
    return f"{said}: run `passport-issuer keys renew` or `keys rotate`"


def _listed(
    settings: Settings, key: SigningKey, trust: TrustList | None, now: datetime
) -> tuple[TrustedKey | None, Listed]:
    if trust is None:
        return None, Listed.UNKNOWN
    own = next((one for one in trust.issuers if one.iss == settings.iss), None)
    entry = None if own is None else own.key(key.signer.public_key.thumbprint())
    if entry is None:
        return None, Listed.NO
    if entry.compromised_at is not None:
        return entry, Listed.COMPROMISED
    return entry, Listed.YES if now < entry.not_after else Listed.ENDED


def _trust_list(settings: Settings, now: datetime) -> TrustList | None:
    if settings.trust_folder is None or settings.trust_root is None:
        return None
    try:
        root = settings.trust_root.read_bytes()
    except OSError as error:
        raise SettingsError("issuer.settings", "trust_root cannot be read") from error
    return read_trust_list(settings.trust_folder, root=root, now=now, max_age=LIST_AGE).trust_list


def _ends(key: SigningKey) -> datetime:
    return min(read_certificate(der).not_valid_after_utc for der in key.x5c)
