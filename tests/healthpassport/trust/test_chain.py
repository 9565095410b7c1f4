"""The chain from the pinned root to the list, with metadata that only a signer could have made."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from simulated_trust import NOW, SimulatedRepository, encoded
from tuf.api.metadata import Metadata, MetaFile, Snapshot, Targets, Timestamp

from healthpassport.errors import TrustError
from healthpassport.trust import chain
from healthpassport.trust.chain import verify_chain, verify_roots

Edit = Callable[[Metadata], None]


@pytest.fixture
def repository() -> SimulatedRepository:
    return SimulatedRepository()


def files(repository: SimulatedRepository) -> dict[str, bytes]:
    """What a follower would hold of version 1."""
    served = repository.files
    target = next(data for name, data in served.items() if name.startswith("targets/"))
    return {
        "timestamp.json": served["metadata/timestamp.json"],
        "snapshot.json": served["metadata/1.snapshot.json"],
        "targets.json": served["metadata/1.targets.json"],
        "trust-list.json": target,
    }


def resigned(repository: SimulatedRepository, role: type, edit: Edit) -> dict[str, bytes]:
    """The files with one role edited and signed again, and no hashes above it that would tell."""
    found = files(repository)
    loose(found, repository)
    metadata = Metadata[role].from_bytes(found[f"{role.type}.json"])
    edit(metadata.signed)
    metadata.sign(repository.signers[role.type])
    found[f"{role.type}.json"] = metadata.to_bytes()
    return found


def loose(found: dict[str, bytes], repository: SimulatedRepository) -> None:
    """Leave hashes out of timestamp and snapshot: TUF makes them optional (sections 4.4, 4.6)."""
    stamp = Metadata[Timestamp].from_bytes(found["timestamp.json"])
    stamp.signed.snapshot_meta = MetaFile(1)
    stamp.sign(repository.signers["timestamp"])
    snapshot = Metadata[Snapshot].from_bytes(found["snapshot.json"])
    snapshot.signed.meta["targets.json"] = MetaFile(1)
    snapshot.sign(repository.signers["snapshot"])
    found |= {"timestamp.json": stamp.to_bytes(), "snapshot.json": snapshot.to_bytes()}


def refusal(found: dict[str, bytes], root: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        verify_chain(found, root=root)
    return caught.value.code


def test_a_whole_chain_gives_the_list(repository):
    found = verify_chain(files(repository), root=repository.pinned)
    assert found.trust_list.version == 1
    assert found.expired_role(NOW) is None
    assert found.expired_role(NOW + timedelta(days=31)) == "timestamp"
    assert found.expired_role(NOW + timedelta(days=366)) == "root"


def test_hashes_above_the_list_may_be_left_out(repository):
    found = resigned(repository, Targets, lambda _: None)
    assert verify_chain(found, root=repository.pinned).trust_list.version == 1


def newer(signed) -> None:
    signed.version = 2


def nothing_named(signed) -> None:
    signed.meta = {}


def no_list(signed) -> None:
    signed.targets = {}


@pytest.mark.parametrize(
    ("role", "edit", "code"),
    [
        pytest.param(Snapshot, newer, "trust.rollback", id="another snapshot than named"),
        pytest.param(Targets, newer, "trust.rollback", id="other targets than named"),
        pytest.param(Snapshot, nothing_named, "trust.invalid", id="no targets named"),
        pytest.param(Targets, no_list, "trust.type", id="no list named"),
    ],
)
def test_metadata_that_does_not_fit_together_is_refused(repository, role, edit, code):
    assert refusal(resigned(repository, role, edit), repository.pinned) == code


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json"])
@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"signatures": 5}', b'{"signed": []}'])
def test_what_is_no_metadata_is_refused(repository, name, data):
    found = files(repository) | {name: data}
    code = refusal(found, repository.pinned)
    assert code in {"trust.invalid", "trust.type", "trust.signature"}


def test_metadata_of_the_right_role_that_is_malformed_is_refused(repository):
    found = files(repository)
    stamp = json.loads(found["timestamp.json"])
    stamp["signed"]["version"] = "one"
    found["timestamp.json"] = encoded(stamp)
    assert refusal(found, repository.pinned) == "trust.invalid"


def test_a_list_with_another_content_than_signed_for_is_refused(repository):
    found = files(repository)
    found["trust-list.json"] = found["trust-list.json"].replace(b"Surgery", b"Burgery")
    assert refusal(found, repository.pinned) == "trust.signature"


@pytest.mark.parametrize("name", ["timestamp.json", "targets.json", "trust-list.json"])
def test_a_missing_file_is_refused(repository, name):
    found = files(repository)
    del found[name]
    assert refusal(found, repository.pinned) == "trust.signature"


def test_a_pinned_root_that_its_own_keys_did_not_sign_is_refused(repository):
    weak = repository.sign_root(repository.make_root(1), repository.roots[:1])
    assert refusal(files(repository), weak) == "trust.threshold"


def test_other_metadata_cannot_be_pinned_as_a_root(repository):
    assert refusal(files(repository), files(repository)["timestamp.json"]) == "trust.type"


def test_endless_rotations_are_refused(repository, monkeypatch):
    monkeypatch.setattr(chain, "MAX_ROOTS", 2)
    for _ in range(2):
        repository.rotate()
    roots = {name.removeprefix("metadata/"): data for name, data in repository.files.items()}
    with pytest.raises(TrustError) as caught:
        verify_roots(roots, root=repository.pinned)
    assert caught.value.code == "trust.root_chain"


def test_a_later_root_may_be_pinned(repository):
    repository.rotate("timestamp")
    repository.publish(1)
    found = files(repository) | {"1.root.json": b"not looked at"}
    second = repository.files["metadata/2.root.json"]
    assert verify_chain(found, root=second).root.version == 2
