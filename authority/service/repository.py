"""The TUF repository: signed roots, and what `publish` writes for any web server to serve.

After the TUF specification 1.0: root keys 2 of 3, one key each for targets, snapshot and timestamp,
consistent snapshots (section 6.2), each new root signed by the old and the new keys (section 6.1).
Files are written in the order in which a client needs them last, so that one that updates meanwhile
never meets a file that is missing. What is *not* here: what the list says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from authority.store import ROLE_NAMES, ROOT_NAMES
from healthpassport.errors import ServiceError
from healthpassport.trust.cache import replace_file
from healthpassport.trust.chain import TARGET, TARGETS_FILE

THRESHOLD: Final = 2  # of the three root keys

_Role = TypeVar("_Role", Root, Targets, Snapshot, Timestamp)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Until when each kind of metadata is good, counted from signing."""

    root: timedelta = timedelta(days=365)
    targets: timedelta = timedelta(days=30)
    timestamp: timedelta = timedelta(days=7)


def generate_tuf_key() -> bytes:
    """A new Ed25519 key for one TUF role, as PKCS #8 DER."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def tuf_signer(secret: bytes) -> CryptoSigner:
    """python-tuf's signer for a key that ``generate_tuf_key`` made."""
    key = load_der_private_key(secret, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ServiceError("authority.key_damaged", "it is no key of a TUF role")
    return CryptoSigner(key)


def first_root(signers: Mapping[str, CryptoSigner], *, now: datetime, lifetime: timedelta) -> bytes:
    """Root version 1, signed by all three root keys: the one that everybody pins."""
    root = Root(version=1, expires=_seconds(now + lifetime), consistent_snapshot=True)
    for name in ROOT_NAMES:
        root.add_key(signers[name].public_key, Root.type)
    for role in ROLE_NAMES:
        root.add_key(signers[role].public_key, role)
    root.roles[Root.type].threshold = THRESHOLD
    return _signed(root, (signers[name] for name in ROOT_NAMES))


def rotated_root(
    current: bytes,
    *,
    replaced: Mapping[str, tuple[str, CryptoSigner]],
    old_signers: Iterable[CryptoSigner],
    new_signers: Iterable[CryptoSigner],
    now: datetime,
    lifetime: timedelta,
) -> bytes:
    """The root after ``current`` (section 6.1), in which keys are replaced.

    Args:
        current: the newest signed root.
        replaced: for each key name (``root-1``, ``snapshot``, ...) the old key's id and the new
            signer; empty to renew the expiry alone.
        old_signers: at least two root keys of ``current``.
        new_signers: the root keys of the new root that are at hand, at least two.
        now: the time of signing.
        lifetime: until the new root expires.

    Raises:
        ServiceError: ``authority.root_keys`` when too few of them sign.
    """
    old = Metadata[Root].from_bytes(current).signed
    root = Metadata[Root].from_bytes(current).signed
    root.version += 1
    root.expires = _seconds(now + lifetime)
    for name, (old_id, signer) in replaced.items():
        role = Root.type if name in ROOT_NAMES else name
        root.revoke_key(old_id, role)
        root.add_key(signer.public_key, role)
    data = _signed(root, (*old_signers, *new_signers))
    metadata = Metadata[Root].from_bytes(data)
    for delegator in (old, root):
        if not delegator.get_verification_result(
            Root.type, metadata.signed_bytes, metadata.signatures
        ):
            raise ServiceError("authority.root_keys")
    return data


def write_repository(
    out: Path,
    *,
    roots: Mapping[str, bytes],
    trust_list: bytes,
    version: int,
    signers: Mapping[str, CryptoSigner],
    now: datetime,
    lifetimes: Lifetimes,
) -> Mapping[str, datetime]:
    """Sign ``trust_list`` as ``version`` and write all files below ``out``; when each expires."""
    metadata, targets_folder = out / "metadata", out / "targets"
    for folder in (metadata, targets_folder):
        folder.mkdir(parents=True, exist_ok=True)
    target = TargetFile.from_data(TARGET, trust_list, ["sha256"])
    lists_expire = _seconds(now + lifetimes.targets)
    stamp_expires = _seconds(now + lifetimes.timestamp)
    targets = Targets(version=version, expires=lists_expire, targets={TARGET: target})
    targets_bytes = _signed(targets, [signers[Targets.type]])
    described = MetaFile.from_data(version, targets_bytes, ["sha256"])
    snapshot = Snapshot(version=version, expires=lists_expire, meta={TARGETS_FILE: described})
    snapshot_bytes = _signed(snapshot, [signers[Snapshot.type]])
    timestamp = Timestamp(
        version=version,
        expires=stamp_expires,
        snapshot_meta=MetaFile.from_data(version, snapshot_bytes, ["sha256"]),
    )
    replace_file(targets_folder / f"{target.hashes['sha256']}.{TARGET}", trust_list)
    for name, data in roots.items():
        replace_file(metadata / name, data)
    replace_file(metadata / f"{version}.targets.json", targets_bytes)
    replace_file(metadata / f"{version}.snapshot.json", snapshot_bytes)
    replace_file(metadata / "timestamp.json", _signed(timestamp, [signers[Timestamp.type]]))
    return {"targets": lists_expire, "snapshot": lists_expire, "timestamp": stamp_expires}


def _signed(role: _Role, signers: Iterable[CryptoSigner]) -> bytes:
    metadata = Metadata(role)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()


def _seconds(moment: datetime) -> datetime:
    """TUF section 4.2.1: times are UTC with whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)
