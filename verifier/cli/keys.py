"""``keys``: the API keys of the systems that call this desk.

A running desk sees a change at the next call, and the audit trail tells of it. What is *not* here:
the form of the file.
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta

from healthpassport.encoding import Json
from verifier.service import ApiKey, digest_of
from verifier.service.key_file import add_key, read_keys, remove_key
from verifier.service.staff import Role

from .audit import tell
from .output import data, document, say, settings
from .stored import opened


def add(name: str, *, role: str, desk: str | None, days: int | None, as_json: bool) -> None:
    """Make a key; it is printed once."""
    today = datetime.now(UTC).date()
    wanted = ApiKey(
        name,
        desk or name,
        "",
        Role(role),
        created=today,
        expires=None if days is None else today + timedelta(days=days),
    )
    path = settings().api_keys_file
    fresh = add_key(path, wanted, random=secrets.token_bytes, digest_of=digest_of)
    tell("api_key.made", subject=name)
    if as_json:
        document({"version": 1, "name": name, "role": role, "key": fresh})
    else:
        data(fresh)
    say("Keep it: it is not shown again. A running desk knows it at once.")


def show(*, as_json: bool) -> None:
    """List the keys: what each may do and when it was last used."""
    own = settings()
    keys = read_keys(own.api_keys_file)
    with opened(own) as store:
        used = store.key_uses.days()
    if as_json:
        rows: list[Json] = [
            {
                "name": key.name,
                "desk": key.desk,
                "role": key.role.value,
                "created": _told(key.created),
                "expires": _told(key.expires),
                "lastUsed": _told(used.get(key.name)),
            }
            for key in keys
        ]
        document({"version": 1, "keys": rows})
        return
    for key in keys:
        ends = f"until {key.expires}" if key.expires else "no end"
        last = used.get(key.name)
        data(f"{key.name}\t{key.desk}\t{key.role}\t{ends}\t{last or 'never used'}")


def remove(name: str) -> None:
    """Take a key out, with the day of its last use."""
    own = settings()
    remove_key(own.api_keys_file, name)
    tell("api_key.removed", subject=name)
    with opened(own) as store:
        store.key_uses.forget(name)
    say(f"{name} opens nothing any more.")


def _told(day: date | None) -> str | None:
    return day.isoformat() if day else None
