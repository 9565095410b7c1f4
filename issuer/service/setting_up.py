"""Whether files, disks, clock and database are as an issuer needs them, with what to do otherwise.

Rules: nothing is changed, and nobody is asked but the database. What others can read is wrong, what
the group can read is worth a word, since a service manager hands secrets over so. What is *not*
here: keys and certificates (``key_list``), and saying it (``passport-issuer doctor``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.files import key_path
from issuer.settings import Settings
from issuer.store.examining import Condition, Schema

from .queue_key import queue_key_path
from .status_journal import journal_path

OTHERS: Final = 0o007
GROUP_WRITES: Final = 0o020
GROUP: Final = 0o070
FULL: Final = 100 * 1024**2  # bytes free on a disk below which soon nothing can be written
SCARCE: Final = 1024**3
DAY: Final = 86_400  # seconds
APART: Final = 5  # seconds between this clock and another; wallets' proofs are good for sixty


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, in words; ``wrong`` where records cannot be relied on until it is done."""

    words: str
    wrong: bool = True


def about_files(settings: Settings) -> Iterator[Advice]:
    """Secrets, and what holds data, that others could read or change."""
    for path in _secrets(settings):
        yield from _open_to_others(path)
    for folder in _folders(settings):
        if folder.exists() and (open_to := folder.stat().st_mode & OTHERS):
            does = "change" if open_to & 0o002 else "list"
            words = f"others can {does} what is in {folder}: chmod 700 {folder}"
            yield Advice(words, wrong=bool(open_to & 0o002))


def about_disks(settings: Settings) -> Iterator[Advice]:
    """Disks that are full, or will be."""
    seen: set[int] = set()
    for folder in _folders(settings):
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None or (device := there.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(there).free
        if free < SCARCE:
            left = f"{free // 1024**2} MB are free on the disk of {there}"
            yield Advice(f"{left}: make room, or nothing can be issued soon", wrong=free < FULL)


def about_database(found: Condition, *, now: float) -> Iterator[Advice]:
    """The database and its clock, at ``now`` by this machine's, in seconds since 1970."""
    if not found.sound:
        yield Advice("damage was found in the database: restore a backup (docs/operations.md)")
    if found.schema is Schema.OLDER:
        words = "the next start of this release migrates the database: make a backup first"
        yield Advice(words, wrong=False)
    if found.clock is not None and abs(found.clock - now) > APART:
        apart = f"this clock and the database's are {abs(found.clock - now):.0f} seconds apart"
        yield Advice(f"{apart}: let NTP set both")
    if found.last is not None and found.last - now > APART:
        behind = f"this clock is {found.last - now:.0f} seconds behind the newest audit entry"
        yield Advice(f"{behind}: let NTP set it")
    if not found.tells:
        words = "this PostgreSQL hides whether it was set back: after a failover restart every"
        yield Advice(f"{words} process (docs/status.md)", wrong=False)


def about_clock(settings: Settings, found: Condition, *, now: float) -> Iterator[Advice]:
    """Whether the clock, ``now`` in seconds since 1970, leapt since it was last seen."""
    days = 0 if found.seen is None else int(now - found.seen) // DAY
    if found.seen is not None and abs(now - found.seen) > settings.clock_leap_days * DAY:
        way = "ahead of" if days >= 0 else "behind"
        leapt = f"the clock is {abs(days)} days {way} when it was last seen, and nothing is ended"
        yield Advice(f"{leapt}: set it right, or see passport-issuer clock")


def _secrets(settings: Settings) -> Iterator[Path]:
    files = (
        settings.key_passphrase_file,
        settings.next_key_passphrase_file,
        settings.second_key_passphrase_file,
        settings.reports_key_passphrase_file,
        settings.tls_key,
        settings.api_keys,
        settings.audit_key_file,
        queue_key_path(settings),
        settings.web_oidc_client_secret_file,
        settings.web_text_key_file,
        settings.patient_sign_in_client_secret_file,
        settings.patient_sign_in_client_key,
        settings.database,
        journal_path(settings),
    )
    yield from (path for path in files if path is not None)
    keys = (settings.key, settings.next_key, settings.second_key, settings.reports_key)
    for uri in (*keys, settings.web_oidc_client_key):
        if uri and uri.startswith("file:"):
            try:
                yield key_path(uri)
            except KeyMaterialError:
                continue  # loading it says so


def _folders(settings: Settings) -> Iterator[Path]:
    files = (settings.database, journal_path(settings))
    yield from dict.fromkeys(path.absolute().parent for path in files if path is not None)


def _open_to_others(path: Path) -> Iterator[Advice]:
    try:
        found = path.stat().st_mode
    except OSError:
        return  # where it is needed, reading it says so
    if found & OTHERS:
        yield Advice(f"others can read or change {path}: chmod 600 {path}")
    elif found & GROUP:
        does = "change" if found & GROUP_WRITES else "read"
        yield Advice(f"the group can {does} {path.name}: chmod 600 {path}", wrong=False)
