"""What is wrong with a set-up and what expires when: ``passport-trust check``.

No passphrase is needed: only what is public or lies open in the folder is looked at. What is *not*
here: repairing; each finding says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from tuf.api.metadata import Metadata, Root

from authority.store import (
    ANCHOR_FILE,
    KEY_NAMES,
    OFFLINE,
    AuthorityState,
    AuthorityStore,
    owner_only,
)
from healthpassport.errors import PassportError
from healthpassport.trust.chain import TARGET, VerifiedChain, verify_chain
from healthpassport.trust.reading import read_trust_list

SOON: Final = timedelta(days=30)  # certificates and roots take people's time to renew
SOON_PUBLISHED: Final = timedelta(days=2)  # timestamps are renewed by `publish`


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SOON = "soon"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was found, and when it expires if it does."""

    level: Level
    subject: str
    message: str
    expires: datetime | None = None


def check_authority(
    store: AuthorityStore, *, published: Path | None, now: datetime
) -> tuple[Finding, ...]:
    """Everything about the authority in ``store`` and, if given, the folder it published.

    Raises:
        ServiceError: ``authority.missing`` or ``authority.damaged``.
    """
    state = store.load()
    return (
        *_keys(store),
        *_anchor(store, now),
        *_root(store, state, now),
        *_entries(state, now),
        *(_published(store, state, published, now) if published else ()),
    )


def check_copy(folder: Path, *, root: bytes, now: datetime, max_age: timedelta) -> Finding:
    """The copy of the trust list that a desk or wallet keeps in ``folder``."""
    try:
        view = read_trust_list(folder, root=root, now=now, max_age=max_age)
    except PassportError as error:
        return Finding(Level.WRONG, "copy", f"{error.code}: {error.hint}")
    said = f"version {view.trust_list.version}, confirmed {view.updated_at:%Y-%m-%d %H:%M} UTC"
    if view.stale:
        return Finding(Level.WRONG, "copy", f"too old: {said}; run passport-trust update")
    return Finding(Level.OK, "copy", said, view.updated_at + max_age)


def _keys(store: AuthorityStore) -> Iterator[Finding]:
    for name in KEY_NAMES:
        path = store.key_path(name)
        if not path.exists():
            if name not in OFFLINE:
                yield Finding(Level.WRONG, f"key {name}", "is missing: restore it or rotate it")
        elif not owner_only(path):
            yield Finding(Level.WRONG, f"key {name}", "others can read the file: chmod 600")
    left = store.left_online()
    if left:
        said = f"still in the authority's folder, take away: {', '.join(left)}"
        yield Finding(Level.SOON, "offline keys", said)


def _anchor(store: AuthorityStore, now: datetime) -> Iterator[Finding]:
    try:
        anchor = x509.load_pem_x509_certificate((store.folder / ANCHOR_FILE).read_bytes())
    except (OSError, ValueError):
        yield Finding(Level.WRONG, "anchor certificate", f"{ANCHOR_FILE} cannot be read")
        return
    yield _until("anchor certificate", anchor.not_valid_after_utc, now, SOON)


def _root(store: AuthorityStore, state: AuthorityState, now: datetime) -> Iterator[Finding]:
    try:
        root = Metadata[Root].from_bytes(store.root_path(state.root_version).read_bytes())
    except OSError:
        yield Finding(Level.WRONG, "root", f"version {state.root_version} is missing")
        return
    subject = f"root version {state.root_version}"
    yield _until(subject, root.signed.expires, now, SOON, "rotate-root")


def _entries(state: AuthorityState, now: datetime) -> Iterator[Finding]:
    if not state.issuers:
        yield Finding(Level.SOON, "issuers", "the list names none: add one with add-issuer")
    for issuer in state.issuers:
        for key in issuer.keys:
            subject = f"issuer {issuer.iss} key {key.thumbprint[:8]}"
            if key.compromised_at is not None:
                day = f"{key.compromised_at:%Y-%m-%d}"
                yield Finding(Level.OK, subject, f"compromised on {day}: nothing of it is believed")
                continue
            if now >= key.not_after and any(k.valid_at(now) for k in issuer.keys):
                day = f"{key.not_after:%Y-%m-%d}"
                yield Finding(Level.OK, subject, f"ended on {day}: what it signed stays believed")
                continue
            yield _until(subject, key.not_after, now, SOON, "add-issuer with a new key")
            if key.second_key is not None:
                name = key.second_key.thumbprint()[:8]
                yield Finding(Level.OK, subject, f"post-quantum key {name} stands beside it")
        if not issuer.status_lists:
            yield Finding(Level.WRONG, f"issuer {issuer.iss}", "names no status list")
    for entry in state.verifiers:
        subject = f"verifier {entry.name} ({entry.ods})"
        yield _until(subject, entry.not_after, now, SOON, "add-verifier again")


def _published(
    store: AuthorityStore, state: AuthorityState, out: Path, now: datetime
) -> Iterator[Finding]:
    if state.pending:
        yield Finding(Level.SOON, "publication", "there are changes that are not published")
    try:
        chain = verify_chain(_served(out), root=store.root_path(1).read_bytes())
    except PassportError as error:
        yield Finding(Level.WRONG, "publication", f"{error.code}: {error.detail or error.title}")
        return
    if chain.trust_list.version != state.version:
        said = f"it serves version {chain.trust_list.version}, the newest is {state.version}"
        yield Finding(Level.WRONG, "publication", said)
    for name, expires in _expiries(chain).items():
        yield _until(f"published {name}", expires, now, SOON_PUBLISHED, "publish")


def _served(out: Path) -> dict[str, bytes]:
    """What a client would come to hold: the newest of each role, and the list they name."""
    metadata = out / "metadata"
    found = {path.name: path.read_bytes() for path in metadata.glob("*.root.json")}
    for role in ("targets", "snapshot"):
        versions = sorted(
            metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.partition(".")[0])
        )
        if versions:
            found[f"{role}.json"] = versions[-1].read_bytes()
    stamp = metadata / "timestamp.json"
    if stamp.exists():
        found[stamp.name] = stamp.read_bytes()
    lists = sorted((out / "targets").glob(f"*.{TARGET}"), key=lambda path: path.stat().st_mtime_ns)
    if lists:
        found[TARGET] = lists[-1].read_bytes()
    return found


def _expiries(chain: VerifiedChain) -> dict[str, datetime]:
    roles = (chain.timestamp, chain.snapshot, chain.targets)
    return {role.type: role.expires for role in roles}


def _until(
    subject: str, expires: datetime, now: datetime, soon: timedelta, remedy: str = "renew it"
) -> Finding:
    day = f"{expires:%Y-%m-%d}"
    if now >= expires:
        return Finding(Level.WRONG, subject, f"expired on {day}: {remedy}", expires)
    if expires - now < soon:
        return Finding(Level.SOON, subject, f"expires on {day}: {remedy}", expires)
    return Finding(Level.OK, subject, f"good until {day}", expires)
