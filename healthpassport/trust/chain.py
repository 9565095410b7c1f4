"""From a pinned root to the trust list: the chain of TUF metadata, verified from bytes alone.

The checks are those of the TUF specification 1.0, "Detailed client workflow" (section 5), in its
order, on python-tuf's Metadata API. No network, no clock and no memory: expiry (5.3.10, 5.4.4,
5.5.6, 5.6.5) is the caller's, who knows the time; rollback against older copies (5.4.3, 5.5.5) is
the updater's, who replaces one by the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeVar

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, TrustError
from healthpassport.trust.model import MAX_LIST_BYTES, TrustList

TARGET: Final = "trust-list.json"
TARGETS_FILE: Final = "targets.json"
MAX_ROOTS: Final = 256  # rotations since the pinned root, as tuf.ngclient has it

_Role = TypeVar("_Role", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """The verified metadata of each role, and the list."""

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    trust_list: TrustList

    def expired_role(self, at: datetime) -> str | None:
        """The first role whose metadata is expired at that moment, or None."""
        for role in (self.root, self.timestamp, self.snapshot, self.targets):
            if role.is_expired(at):
                return role.type
        return None


def verify_chain(files: Mapping[str, bytes], *, root: bytes) -> VerifiedChain:
    """The chain in ``files`` (by published name, newest versions), from the pinned ``root``.

    Raises:
        TrustError: ``trust.root_chain``, ``trust.signature``, ``trust.threshold``,
            ``trust.rollback``, ``trust.type``, ``trust.invalid`` and those of ``TrustList.parse``.
    """
    trusted = verify_roots(files, root=root)
    timestamp = _load(Timestamp, files, "timestamp.json", trusted)  # 5.4.2
    _match(timestamp.snapshot_meta, _file(files, "snapshot.json"))  # 5.5.2
    snapshot = _load(Snapshot, files, "snapshot.json", trusted)  # 5.5.3
    if snapshot.version != timestamp.snapshot_meta.version:  # 5.5.4
        raise TrustError("trust.rollback", "the snapshot is not the one that the timestamp names")
    described = snapshot.meta.get(TARGETS_FILE)
    if described is None:
        raise TrustError("trust.invalid", "the snapshot names no targets")
    _match(described, _file(files, TARGETS_FILE))  # 5.6.2
    targets = _load(Targets, files, TARGETS_FILE, trusted)  # 5.6.3
    if targets.version != described.version:  # 5.6.4
        raise TrustError("trust.rollback", "the targets are not those that the snapshot names")
    target = targets.targets.get(TARGET)
    if target is None:
        raise TrustError("trust.type", "the signed metadata names no trust list")
    _match(target, _file(files, TARGET))  # 5.7
    return VerifiedChain(trusted, timestamp, snapshot, targets, _parsed(files[TARGET]))


@lru_cache(maxsize=2)
def _parsed(data: bytes) -> TrustList:
    """The same bytes give the same list: at each load they are verified, and parsed once."""
    return TrustList.parse(data)


def verify_roots(files: Mapping[str, bytes], *, root: bytes) -> Root:
    """The newest root that follows from the pinned ``root``, version by version (5.3)."""
    pinned = read_metadata(Root, root)
    check_delegated(pinned.signed, pinned)  # 5.2: pinned means trusted, yet it must be whole
    trusted = pinned.signed
    for _ in range(MAX_ROOTS):
        data = files.get(f"{trusted.version + 1}.root.json")
        if data is None:
            return trusted
        trusted = next_root(trusted, data)
    raise TrustError("trust.root_chain", "too many rotations since the pinned root")


def next_root(trusted: Root, data: bytes) -> Root:
    """The root in ``data``, once it follows from ``trusted``.

    Raises:
        TrustError: ``trust.root_chain`` for another version than the next (5.3.5) or a root that
            the old keys did not sign, ``trust.threshold`` when too few did, ``trust.signature``
            when not even its own keys signed it (5.3.4).
    """
    new = read_metadata(Root, data)
    if new.signed.version != trusted.version + 1:
        raise TrustError("trust.root_chain", f"version {trusted.version + 1} is missing")
    check_delegated(new.signed, new)
    by_old = trusted.get_verification_result(Root.type, new.signed_bytes, new.signatures)
    if not by_old:
        code = "trust.threshold" if by_old.signed else "trust.root_chain"
        raise TrustError(code, "the keys of the root before it did not sign it")
    return new.signed


def read_metadata(role: type[_Role], data: bytes) -> Metadata[_Role]:
    """The metadata in ``data``, which must be of that role.

    Raises:
        TrustError: ``trust.type`` for another role's, ``trust.threshold`` when one key signed
            twice, ``trust.invalid`` otherwise.
    """
    try:
        found = Metadata[_Role].from_bytes(data)
    except DeserializationError as error:
        raise _unreadable(data, role.type) from error
    if found.signed.type != role.type:
        raise TrustError("trust.type", f"{role.type} is expected, this is {found.signed.type}")
    return found


def check_delegated(root: Root, metadata: Metadata[_Role]) -> None:
    """Check that enough of the keys that ``root`` names for this role signed ``metadata``.

    Raises:
        TrustError: ``trust.signature`` when none did, ``trust.threshold`` when too few did.
    """
    role = metadata.signed.type
    result = root.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    if not result:
        code = "trust.threshold" if result.signed else "trust.signature"
        raise TrustError(code, f"{role}: {len(result.signed)} of {result.threshold} keys signed")


def _load(role: type[_Role], files: Mapping[str, bytes], name: str, root: Root) -> _Role:
    metadata = read_metadata(role, _file(files, name))
    check_delegated(root, metadata)
    return metadata.signed


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    try:
        return files[name]
    except KeyError as error:
        raise TrustError("trust.signature", f"{name} is missing") from error


def _match(described: MetaFile | TargetFile, data: bytes) -> None:
    try:
        described.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise TrustError("trust.signature", "a file is not the one that was signed for") from error


def _unreadable(data: bytes, expected: str) -> TrustError:
    """Why python-tuf could not read ``data``, in our words."""
    try:
        found = parse_json_object(data, max_bytes=MAX_LIST_BYTES)
    except EncodingError as error:
        return TrustError("trust.invalid", error.code)
    if _signed_twice(found.get("signatures")):
        return TrustError("trust.threshold", "one key signed twice")
    signed = found.get("signed")
    if not isinstance(signed, dict) or signed.get("_type") != expected:
        return TrustError("trust.type", f"this is no {expected}")
    return TrustError("trust.invalid", f"{expected} is malformed")


def _signed_twice(signatures: Json) -> bool:
    if not isinstance(signatures, list):
        return False
    names = [str(entry.get("keyid")) for entry in signatures if isinstance(entry, dict)]
    return len(set(names)) < len(names)
